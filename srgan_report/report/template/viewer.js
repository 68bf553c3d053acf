"use strict";
// Looking closer: a viewer in which all versions of an image zoom and move together. It opens at 300 % where the
// strips on the page are; without scripts those stand there side by side.
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

  // The images of the viewer are read when it is first opened: there may be many megabytes of them.
  const held = document.getElementById("viewer-images");
  let read = null;
  function allImages() {
    if (!read) {
      read = JSON.parse(held.textContent);
      for (const image of read.images) {
        const find = (method) => Math.max(0, image.versions.findIndex((version) => version.method === method));
        [image.before, image.after, image.hr] = [find("bicubic"), find("srgan"), find("hr")];
      }
    }
    return read;
  }
  const heldKeys = new Set(held.dataset.keys.split("\n"));

  const viewer = (() => {
    let crops, mode, scale, x, y, at, parts; // (x, y): the point of the image in the middle of every pane, in its pixels
    let map = "none"; // what is drawn of each version: itself, or its difference from HR
    const ticked = new Map(); // by method: whether it is shown side by side
    const maps = new Map(); // canvases of the open image
    const pointers = new Map();
    const stage = element("div", { class: "stage", tabindex: 0, role: "group", "aria-label": "Versions" });
    const zoomed = element("output", { class: "zoomed" });
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
    const flicker = button("Hold to flicker", "While held, the right version covers the left one (key: space)", () => {});
    const cover = (on) => { at = on ? 0 : 100; draw(); };
    flicker.addEventListener("pointerdown", () => cover(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel"]) flicker.addEventListener(end, () => { if (at === 0) cover(false); });
    const pairControls = element("span", { class: "pair" }, before, after, flicker);
    const turn = (step) => { const all = allImages().images; open(all[(all.indexOf(crops) + step + all.length) % all.length], mode); };
    const place = element("span", { class: "place" });
    const others = element("span", { role: "group", "aria-label": "Image" }, button("‹", "Previous image", () => turn(-1)), place, button("›", "Next image", () => turn(1)));
    const mapChoice = element("select", { "aria-label": "What is drawn", onchange: (event) => { map = event.target.value; show(mode); } },
      ...[["none", "Images"], ["difference", "Difference from HR"], ["error", "Error against HR"]].map(([value, text]) => element("option", { value }, text)));
    const legend = element("div", { class: "legend" });
    const boxes = element("div", { class: "boxes" });
    const versionChoice = element("details", { class: "versions" }, element("summary", {}, "Versions"), boxes);
    const note = element("p", { class: "help note" });
    const dialog = element("dialog", { class: "viewer", tabindex: -1, "aria-labelledby": "viewer-title" },
      element("div", { class: "bar" }, heading, others, element("span", { role: "group", "aria-label": "View" }, modes.all, modes.pair), pairControls, versionChoice, mapChoice,
        element("span", { role: "group", "aria-label": "Zoom" }, button("−", "Zoom out", () => zoom(1 / 1.5)), zoomed, button("+", "Zoom in", () => zoom(1.5)),
          button("100 %", "One pixel of the image to one of the screen", () => { scale = 1; draw(); }), button("Fit", "Fit the window", () => { fit(); draw(); })),
        button("Close", "Close the viewer", () => dialog.close())),
      stage, divider, legend, note,
      element("p", { class: "help" }, "Drag to move, wheel or pinch to zoom. Keys: arrows, + and −, 0 fits, 1 is 100 %, N and P other images, B before/after, space flickers, M maps, Esc closes."));
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
        image.style.imageRendering = scale >= 1 || image.dataset.method === "lr" ? "pixelated" : "auto";
      }
      stage.style.setProperty("--at", `${at}%`);
      divider.value = at;
      zoomed.textContent = `${Math.round(scale * 100)} %`;
    }

    function copy(version) {
      const image = map === "none" || ["hr", "lr"].includes(version.method) ? picture(version) : mapped(version);
      image.draggable = false;
      image.dataset.method = version.method;
      parts.push(image);
      return image;
    }

    function picture(version) {
      return element("img", { src: version.source, alt: `${crops.title}, ${version.label}: ${version.scores}` });
    }

    // A map of luminance (BT.601): the signed difference on grey, red where SR is brighter; or the error from black to white.
    const RANGE = 32; // levels of 255 at the ends of the scale
    const colours = {
      difference: (value) => (value >= 0 ? [128 + 127 * value, 128 - 128 * value, 128 - 128 * value] : [128 + 128 * value, 128 + 60 * value, 128 - 127 * value]),
      error: (value) => [255 * Math.min(1, 2.2 * Math.abs(value)), 255 * clamp(2.2 * Math.abs(value) - 0.6, 0, 1), 255 * clamp(3 * Math.abs(value) - 2, 0, 1)],
    };
    function mapped(version) {
      const key = `${version.method} ${map}`;
      if (!maps.has(key)) {
        const canvas = element("canvas", { width: crops.width, height: crops.height, role: "img", "aria-label": `${version.label}: ${mapChoice.selectedOptions[0].text}` });
        maps.set(key, canvas);
        const kind = map;
        Promise.all([version, crops.versions[crops.hr]].map(pixels)).then(([sr, hr]) => {
          const context = canvas.getContext("2d");
          const made = context.createImageData(crops.width, crops.height);
          for (let i = 0; i < made.data.length; i += 4) {
            const luma = (data) => 0.257 * data[i] + 0.504 * data[i + 1] + 0.098 * data[i + 2];
            const [red, green, blue] = colours[kind](clamp((luma(sr) - luma(hr)) / RANGE, -1, 1));
            made.data[i] = red; made.data[i + 1] = green; made.data[i + 2] = blue; made.data[i + 3] = 255;
          }
          context.putImageData(made, 0, 0);
          canvas.dataset.drawn = kind;
        });
      }
      return maps.get(key);
    }

    async function pixels(version) {
      const image = new Image();
      image.src = version.source;
      await image.decode();
      const canvas = element("canvas", { width: crops.width, height: crops.height });
      const context = canvas.getContext("2d", { willReadFrequently: true });
      context.drawImage(image, 0, 0);
      return context.getImageData(0, 0, crops.width, crops.height).data;
    }

    function drawLegend() {
      legend.hidden = map === "none";
      if (legend.hidden) return;
      const ends = map === "difference" ? [-1, 1] : [0, 1];
      const stops = Array.from({ length: 9 }, (_, index) => `rgb(${colours[map](ends[0] + (ends[1] - ends[0]) * index / 8).map(Math.round).join(" ")})`);
      const words = map === "difference" ? [`−${RANGE} darker than HR`, "0", `+${RANGE} brighter`] : ["0 equal to HR", "", `${RANGE} levels of luminance`];
      const bar = element("span", { class: "scale" });
      bar.style.background = `linear-gradient(to right, ${stops.join(", ")})`;
      legend.replaceChildren(words[0], bar, words[2]);
    }

    function drawBoxes() {
      boxes.replaceChildren(...crops.versions.map((version) => {
        const box = element("input", { type: "checkbox", onchange: (event) => { ticked.set(version.method, event.target.checked); show("all"); } });
        box.checked = ticked.get(version.method);
        return element("label", {}, box, ` ${version.label}`);
      }));
    }

    function show(next) {
      const fresh = mode !== next;
      mode = next;
      parts = [];
      modes.all.setAttribute("aria-pressed", mode === "all");
      modes.pair.setAttribute("aria-pressed", mode === "pair");
      pairControls.hidden = divider.hidden = mode === "all";
      versionChoice.hidden = mode === "pair";
      mapChoice.value = map;
      drawLegend();
      stage.className = `stage ${mode}`;
      const caption = (version) => element("figcaption", {}, element("b", {}, version.label), ` ${version.scores}`);
      if (mode === "all") {
        const shown = crops.versions.filter((version) => ticked.get(version.method));
        stage.style.setProperty("--columns", shown.length <= 2 ? shown.length || 1 : shown.length <= 6 ? 3 : shown.length <= 8 ? 4 : 5);
        stage.replaceChildren(...(shown.length ? shown : crops.versions.slice(-1)).map((version) => element("figure", {}, element("div", { class: "pane" }, copy(version)), caption(version))));
      } else {
        const [left, right] = [crops.versions[crops.before], crops.versions[crops.after]];
        const layer = element("div", { class: "layer" }, copy(right));
        stage.replaceChildren(element("figure", {}, element("div", { class: "pane" }, copy(left), layer, element("span", { class: "grip" })),
          element("div", { class: "ends" }, caption(left), caption(right))));
        [before.value, after.value] = [crops.before, crops.after];
      }
      if (fresh) [scale, x, y] = [3, ...crops.centre];
      draw();
      // On a phone two panes are seen: the original, and first what this run made.
      if (fresh) stage.querySelector("[data-method=srgan]")?.closest("figure").scrollIntoView({ inline: "start", block: "nearest" });
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
        b: () => show(mode === "all" ? "pair" : "all"), n: () => turn(1), p: () => turn(-1),
        m: () => { if (!mapChoice.hidden) map = { none: "difference", difference: "error", error: "none" }[map]; show(mode); },
      };
      if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
      if (event.key === " " && mode === "pair" && (event.target === flicker || event.target.tagName !== "BUTTON")) {
        if (!event.repeat) cover(true);
        event.preventDefault();
        return;
      }
      if (arrows[event.key] && event.target !== divider) {
        x += arrows[event.key][0] * step;
        y += arrows[event.key][1] * step;
        draw();
      } else if (keys[event.key.toLowerCase()]) keys[event.key.toLowerCase()]();
      else return;
      event.preventDefault();
    });

    dialog.addEventListener("keyup", (event) => { if (event.key === " " && mode === "pair" && at === 0) { cover(false); event.preventDefault(); } });

    function open(chosen, wanted) {
      crops = chosen;
      mode = undefined;
      at = 50;
      maps.clear();
      const all = allImages();
      heading.textContent = crops.title;
      place.textContent = `${all.images.indexOf(crops) + 1} / ${all.images.length}`;
      others.hidden = all.images.length < 2;
      mapChoice.hidden = crops.versions[crops.hr].method !== "hr"; // of one's own photographs nobody has the original
      note.textContent = all.note;
      note.hidden = !all.note;
      for (const version of crops.versions) if (!ticked.has(version.method)) ticked.set(version.method, true);
      drawBoxes();
      for (const select of [before, after]) {
        select.replaceChildren(...crops.versions.map((version, index) => element("option", { value: index }, version.label)));
      }
      if (!dialog.open) dialog.showModal();
      show(wanted ?? "all");
    }

    return { open: (key) => open(allImages().images.find((image) => image.key === key)) };
  })();

  const opener = (key, text) => element("button", { type: "button", class: "look", onclick: () => viewer.open(key) }, text);
  for (const figure of document.querySelectorAll("figure[data-view]")) {
    if (!heldKeys.has(figure.dataset.view)) continue;
    const button = opener(figure.dataset.view, `Look closer at ${figure.dataset.view.split("/").pop()}`);
    figure.append(button);
    for (const image of figure.querySelectorAll("img")) {
      image.classList.add("opens");
      image.addEventListener("click", () => button.click());
    }
  }
  for (const item of document.querySelectorAll(".gallery [data-view]")) {
    const button = element("button", { type: "button", onclick: () => viewer.open(item.dataset.view) });
    button.append(...item.childNodes);
    item.append(button);
  }
})();
