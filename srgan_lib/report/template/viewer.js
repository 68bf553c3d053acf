"use strict";
// Looking closer: a before/after slider at the top of the page, and a viewer in which all versions of an image
// zoom and move together. Both read the crops from the page itself; without scripts those stand there side by side.
(() => {
  const element = (tag, attributes = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value);
    }
    made.append(...children);
    return made;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

  function readCrops(panels) {
    const versions = [...panels.querySelectorAll(".panel")].map((panel) => ({
      method: panel.dataset.method, label: panel.dataset.label, scores: panel.dataset.scores, image: panel.querySelector("img"),
    }));
    const full = versions[versions.length - 1].image;
    const find = (method) => versions.findIndex((version) => version.method === method);
    return { title: panels.dataset.image, versions, width: Number(full.getAttribute("width")), height: Number(full.getAttribute("height")),
             before: Math.max(find("bicubic"), 0), after: Math.max(find("srgan"), 0) };
  }

  // The slider at the top: two images, and a range that lies over them.
  function beforeAfter(crops) {
    const [before, after] = [crops.versions[crops.before], crops.versions[crops.after]];
    const box = element("div", { class: "compare", role: "group", "aria-label": `${crops.title}: ${before.label} and ${after.label}` });
    const move = (event) => box.style.setProperty("--at", `${event.target.value}%`);
    const right = after.image.cloneNode();
    right.className = "over";
    box.append(before.image.cloneNode(), right, element("span", { class: "tag" }, before.label), element("span", { class: "tag end" }, after.label),
      element("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50, oninput: move,
                         "aria-label": `Divider between ${before.label} and ${after.label}` }));
    return box;
  }

  const viewer = (() => {
    let crops, mode, scale, x, y, at, parts; // (x, y): the point of the image in the middle of every pane, in its pixels
    const pointers = new Map();
    const stage = element("div", { class: "stage" });
    const zoomed = element("output", {});
    const heading = element("h2", { id: "viewer-title" });
    const button = (text, label, act) => element("button", { type: "button", title: label, ...(/\w/.test(text) ? {} : { "aria-label": label }), onclick: act }, text);
    const modes = {
      all: button("Side by side", "All versions side by side", () => show("all")),
      pair: button("Before / after", "Two versions with a divider", () => show("pair")),
    };
    const choose = (key, label) => element("select", { "aria-label": label, onchange: (event) => { crops[key] = Number(event.target.value); show("pair"); } });
    const [before, after] = [choose("before", "Version on the left"), choose("after", "Version on the right")];
    const divider = element("input", { type: "range", min: 0, max: 100, step: 0.5, class: "divider", "aria-label": "Divider",
                                       oninput: (event) => { at = Number(event.target.value); draw(); } });
    const pairControls = element("span", { class: "pair" }, before, after);
    const dialog = element("dialog", { class: "viewer", "aria-labelledby": "viewer-title" },
      element("div", { class: "bar" }, heading, element("span", { role: "group", "aria-label": "View" }, modes.all, modes.pair), pairControls,
        element("span", { role: "group", "aria-label": "Zoom" }, button("−", "Zoom out", () => zoom(1 / 1.5)), zoomed, button("+", "Zoom in", () => zoom(1.5)),
          button("100 %", "One pixel of the image to one of the screen", () => { scale = 1; draw(); }), button("Fit", "Fit the window", () => { fit(); draw(); })),
        button("Close", "Close the viewer", () => dialog.close())),
      stage, divider,
      element("p", { class: "help" }, "Drag to move, wheel or pinch to zoom. Keys: arrows, + and −, 0 fits, 1 is 100 %, B before/after, Esc closes."));
    document.body.append(dialog);

    const pane = () => stage.querySelector(".pane");

    function fit() {
      const exact = Math.min(pane().clientWidth / crops.width, pane().clientHeight / crops.height);
      // Above 100 % in steps that make all pixels equally large on the screen.
      scale = exact > 1 ? Math.floor(exact * devicePixelRatio) / devicePixelRatio : exact;
      [x, y] = [crops.width / 2, crops.height / 2];
    }

    // Zoom about a point of the window; without one, about the middle.
    function zoom(factor, clientX, clientY, target) {
      const box = (target ?? pane()).getBoundingClientRect();
      const [dx, dy] = clientX === undefined ? [0, 0] : [clientX - box.left - box.width / 2, clientY - box.top - box.height / 2];
      const next = clamp(scale * factor, 0.1, 32);
      x += dx / scale - dx / next;
      y += dy / scale - dy / next;
      scale = next;
      draw();
    }

    function draw() {
      const { clientWidth, clientHeight } = pane();
      const within = (value, pane, side) => clamp(value, Math.min(pane / scale, side) / 2, side - Math.min(pane / scale, side) / 2);
      x = within(x, clientWidth, crops.width);
      y = within(y, clientHeight, crops.height);
      const whole = (value) => Math.round(value * devicePixelRatio) / devicePixelRatio;
      for (const image of parts) {
        image.style.width = `${crops.width * scale}px`;
        image.style.height = `${crops.height * scale}px`;
        image.style.translate = `${whole(clientWidth / 2 - x * scale)}px ${whole(clientHeight / 2 - y * scale)}px`;
        image.style.imageRendering = scale >= 1 ? "pixelated" : "auto";
      }
      stage.style.setProperty("--at", `${at}%`);
      divider.value = at;
      zoomed.textContent = `${Math.round(scale * 100)} %`;
    }

    function copy(version) {
      const image = version.image.cloneNode();
      image.draggable = false;
      parts.push(image);
      return image;
    }

    function show(next) {
      const fresh = mode !== next;
      mode = next;
      parts = [];
      modes.all.setAttribute("aria-pressed", mode === "all");
      modes.pair.setAttribute("aria-pressed", mode === "pair");
      pairControls.hidden = divider.hidden = mode === "all";
      stage.className = `stage ${mode}`;
      const caption = (version) => element("figcaption", {}, element("b", {}, version.label), ` ${version.scores}`);
      if (mode === "all") {
        stage.replaceChildren(...crops.versions.map((version) => element("figure", {}, element("div", { class: "pane" }, copy(version)), caption(version))));
      } else {
        const [left, right] = [crops.versions[crops.before], crops.versions[crops.after]];
        const layer = element("div", { class: "layer" }, copy(right));
        stage.replaceChildren(element("figure", {}, element("div", { class: "pane" }, copy(left), layer, element("span", { class: "grip" })),
          element("div", { class: "ends" }, caption(left), caption(right))));
        [before.value, after.value] = [crops.before, crops.after];
      }
      if (fresh) fit();
      draw();
    }

    stage.addEventListener("pointerdown", (event) => {
      const target = event.target.closest(".pane");
      if (!target || event.button) return;
      target.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, { x: event.clientX, y: event.clientY, grip: event.target.className === "grip" });
    });
    stage.addEventListener("pointermove", (event) => {
      const last = pointers.get(event.pointerId);
      if (!last) return;
      const others = [...pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
      const target = event.target.closest(".pane");
      if (last.grip) {
        const box = target.getBoundingClientRect();
        at = clamp((event.clientX - box.left) / box.width * 100, 0, 100);
      } else if (others.length) {
        const apart = (point) => Math.hypot(point.x - others[0].x, point.y - others[0].y);
        zoom(apart({ x: event.clientX, y: event.clientY }) / Math.max(1, apart(last)), (event.clientX + others[0].x) / 2, (event.clientY + others[0].y) / 2, target);
      } else {
        x -= (event.clientX - last.x) / scale;
        y -= (event.clientY - last.y) / scale;
      }
      Object.assign(last, { x: event.clientX, y: event.clientY });
      draw();
    });
    for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, (event) => pointers.delete(event.pointerId));
    stage.addEventListener("wheel", (event) => {
      const target = event.target.closest(".pane");
      if (!target) return;
      event.preventDefault();
      zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY, target);
    }, { passive: false });
    stage.addEventListener("dblclick", (event) => zoom(2, event.clientX, event.clientY, event.target.closest(".pane") ?? undefined));
    addEventListener("resize", () => { if (dialog.open) draw(); });
    dialog.addEventListener("close", () => pointers.clear());

    dialog.addEventListener("keydown", (event) => {
      const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
      const step = pane().clientWidth / 10 / scale;
      const keys = {
        "+": () => zoom(1.5), "=": () => zoom(1.5), "-": () => zoom(1 / 1.5), 0: () => { fit(); draw(); }, 1: () => { scale = 1; draw(); },
        b: () => show(mode === "all" ? "pair" : "all"),
      };
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
      if (arrows[event.key] && event.target !== divider) {
        x += arrows[event.key][0] * step;
        y += arrows[event.key][1] * step;
        draw();
      } else if (keys[event.key.toLowerCase()]) keys[event.key.toLowerCase()]();
      else return;
      event.preventDefault();
    });

    return {
      open(chosen) {
        crops = chosen;
        mode = undefined;
        at = 50;
        heading.textContent = crops.title;
        for (const select of [before, after]) {
          select.replaceChildren(...crops.versions.map((version, index) => element("option", { value: index }, version.label)));
        }
        dialog.showModal();
        show("all");
      },
    };
  })();

  const opener = (crops, text) => element("button", { type: "button", class: "look", onclick: () => viewer.open(crops) }, text);
  const allCrops = new Map();
  for (const panels of document.querySelectorAll(".panels")) {
    const crops = readCrops(panels);
    const holder = panels.parentElement;
    allCrops.set(holder.id, crops);
    panels.before(opener(crops, `Look closer: all ${crops.versions.length} versions`));
    if (holder.matches("details")) holder.hidden = document.querySelector(`[data-crops="${holder.id}"]`) !== null;
    else {
      panels.previousElementSibling.before(beforeAfter(crops));
      panels.hidden = true;
    }
  }
  for (const grid of document.querySelectorAll("figure[data-crops]")) {
    const button = opener(allCrops.get(grid.dataset.crops), `Look closer at ${allCrops.get(grid.dataset.crops).title}`);
    grid.append(button);
    const image = grid.querySelector("img");
    image.classList.add("opens");
    image.addEventListener("click", () => button.click());
  }
})();
