"use strict";
// Tables to sort, filter and take away (CSV, LaTeX); commands to copy; links to headings and figures; signs where a box scrolls.
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

  async function copy(text, button) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // without permission: the old way
      const area = element("textarea", { "aria-label": "copied text" });
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 1500);
  }

  // Sorting: numbers by value, missing ones last.
  const number = (text) => (/^[+−-]?[\d.]+/.test(text) ? Number(text.replace("−", "-").match(/^[+-]?[\d.]+/)[0]) : NaN);
  function sortable(table) {
    const heads = [...table.querySelectorAll("thead tr:last-child th")];
    if (table.tBodies[0].rows.length < 3 || table.querySelector("[rowspan], [colspan]")) return;
    heads.forEach((head, column) => {
      const button = element("button", { type: "button", class: "sort", onclick: () => {
        const down = head.getAttribute("aria-sort") === "descending";
        for (const other of heads) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "ascending" : "descending");
        const key = (row) => row.cells[column].textContent.trim();
        const rows = [...table.tBodies[0].rows];
        rows.sort((one, two) => {
          const [a, b] = [number(key(one)), number(key(two))];
          if (isNaN(a) || isNaN(b)) return isNaN(a) && isNaN(b) ? key(one).localeCompare(key(two)) * (down ? -1 : 1) : isNaN(a) - isNaN(b);
          return (down ? 1 : -1) * (a - b);
        });
        table.tBodies[0].append(...rows);
      } });
      button.append(...head.childNodes);
      head.append(button);
    });
  }

  function latex(table, caption) {
    const escaped = (text) => text.trim().replace(/\s+/g, " ").replace(/\\/g, "\\textbackslash ").replace(/([&%$#_{}])/g, "\\$1")
      .replace(/↑/g, "$\\uparrow$").replace(/↓/g, "$\\downarrow$").replace(/−/g, "$-$").replace(/×/g, "$\\times$").replace(/±/g, "$\\pm$").replace(/‑/g, "-");
    const cell = (one) => (one.querySelector("strong") ? `\\textbf{${escaped(one.textContent)}}` : escaped(one.textContent));
    const lines = (rows) => [...rows].map((row) => `${[...row.cells].map(cell).join(" & ")} \\\\`).join("\n");
    const first = table.tBodies[0].rows[0];
    const columns = [...first.cells].map((one) => (one.className.includes("num") ? "r" : "l")).join("");
    return `\\begin{table}\n\\caption{${escaped(caption)}}\n\\begin{tabular}{${columns}}\n\\toprule\n${lines(table.tHead.rows)}\n\\midrule\n${lines(table.tBodies[0].rows)}\n\\bottomrule\n\\end{tabular}\n\\end{table}\n`;
  }

  const held = document.getElementById("csv-files");
  const files = () => JSON.parse(held.textContent);
  const names = held ? new Set(Object.keys(files())) : new Set();
  function download(name) {
    const url = URL.createObjectURL(new Blob([files()[name]], { type: "text/csv" }));
    element("a", { href: url, download: name.replaceAll("/", "_") }).click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }

  for (const figure of document.querySelectorAll("figure.srgan")) {
    const caption = figure.querySelector("figcaption");
    const label = caption.querySelector(".label")?.textContent.replace(/\.$/, "") ?? "";
    const tools = element("span", { class: "tools" });
    for (const name of (figure.dataset.source ?? "").split(" and ")) {
      if (names.has(name)) tools.append(element("button", { type: "button", title: `Save ${name}`, "aria-label": `${label}: save ${name}`, onclick: () => download(name) }, "CSV"));
    }
    const tables = [...figure.querySelectorAll("table")];
    if (tables.length && !figure.matches(".srgan-listing")) {
      const text = [...caption.childNodes].filter((node) => !/source|label/.test(node.className ?? "")).map((node) => node.textContent).join("");
      tools.append(element("button", { type: "button", title: "Copy as LaTeX", "aria-label": `${label}: copy as LaTeX`, onclick: (event) => copy(tables.map((table) => latex(table, text)).join("\n"), event.target) }, "LaTeX"));
      tables.forEach(sortable);
    }
    if (figure.querySelector(".chart")) tools.append(element("button", { type: "button", class: "enlarge", "aria-label": `${label}: larger`, onclick: () => figure.classList.toggle("large") }, "Larger"));
    if (figure.id && label) tools.append(element("a", { class: "permalink", href: `#${figure.id}`, "aria-label": `Link to ${label}` }, "#"));
    if (tools.childNodes.length) caption.append(" ", tools);
  }
  for (const figure of document.querySelectorAll("figure.filtered")) {
    const rows = [...figure.querySelector("tbody").rows];
    const count = element("output", {});
    const field = element("input", { type: "search", placeholder: "Filter, e.g. SRGAN chelsea", "aria-label": "Keep the rows that hold all these words", oninput: () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
      count.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows` : "";
    } });
    figure.prepend(element("p", { class: "filter" }, field, " ", count));
  }
  for (const heading of document.querySelectorAll("main :is(h2, h3, h4)[id]")) {
    if (heading.closest("summary, dialog")) continue;
    heading.append(" ", element("a", { class: "permalink", href: `#${heading.id}`, "aria-label": `Link to ${heading.textContent.trim()}` }, "#"));
  }
  for (const block of document.querySelectorAll("main pre")) {
    if (block.closest(".highlight, figure") || !block.querySelector("code")) continue;
    const box = element("div", { class: "copied" });
    block.replaceWith(box);
    box.append(block, element("button", { type: "button", class: "copy", onclick: (event) => copy(block.textContent.trim(), event.target) }, "Copy"));
  }

  // A box that scrolls sideways says so.
  const boxes = [...document.querySelectorAll("main .scroll")].map((box) => {
    const hint = element("p", { class: "hint", hidden: "" }, "More to the right: scroll sideways →");
    box.before(hint);
    return [box, hint];
  });
  const mark = () => { for (const [box, hint] of boxes) hint.hidden = box.scrollWidth <= box.clientWidth + 1; };
  new ResizeObserver(mark).observe(document.body);
  mark();

  // What is folded opens for a link to it, and for paper.
  const unfold = () => { for (let one = document.getElementById(decodeURIComponent(location.hash.slice(1))); one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true; };
  addEventListener("hashchange", unfold);
  unfold();
  addEventListener("beforeprint", () => { for (const one of document.querySelectorAll("details.fold")) one.open = true; });
})();
