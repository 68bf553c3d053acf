"use strict";
// The contents follow the scroll; the theme and the code can be switched. Without scripts all of it is still there to read.
(() => {
  const contents = document.getElementById("contents");
  const here = document.getElementById("here");
  const links = new Map([...contents.querySelectorAll("a")].map((link) => [link.hash.slice(1), link]));
  const headings = [...links.keys()].map((id) => document.getElementById(id));
  const wide = matchMedia("(min-width: 70rem)");
  let current = null;

  function follow() {
    const line = wide.matches ? innerHeight / 6 : 110;
    const above = headings.filter((heading) => heading.getBoundingClientRect().top < line);
    const link = above.length ? links.get(above[above.length - 1].id) : null;
    if (link === current) return;
    current?.removeAttribute("aria-current");
    current = link;
    here.textContent = link ? link.textContent : "";
    if (!link) return;
    link.setAttribute("aria-current", "true");
    const nav = contents.parentElement;
    if (wide.matches) nav.scrollTop = Math.max(0, link.offsetTop - nav.clientHeight / 2);
  }

  let waiting = false;
  addEventListener("scroll", () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; follow(); });
  }, { passive: true });
  const unfold = () => { contents.open = wide.matches; follow(); };
  wide.addEventListener("change", unfold);
  unfold();
  contents.addEventListener("click", (event) => { if (event.target.closest("a") && !wide.matches) contents.open = false; });
  contents.querySelector("summary").addEventListener("click", (event) => { if (wide.matches) event.preventDefault(); });

  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const dark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  const name = () => { theme.textContent = dark() ? "Light" : "Dark"; };
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();

  const code = document.getElementById("code");
  code?.addEventListener("click", () => { code.textContent = root.classList.toggle("show-code") ? "Hide code" : "Show code"; });
  theme.parentElement.hidden = false;
})();
