(() => {
  const study = JSON.parse(document.getElementById("study").textContent);
  const $ = (id) => document.getElementById(id);
  // The link may name the rater (#rater=anna&number=7), or a number alone (#7).
  const link = new URLSearchParams(location.hash.slice(1));
  const code = /^[A-Za-z0-9._-]{1,40}$/.test(link.get("rater") || "") ? link.get("rater") : "";
  const PLACE = `srgan-opinion-${study.id}${code && "-" + code}`;
  const BLANK = 250;       // ms of grey between pictures, in which no vote counts: a double tap is not two votes
  const PER_VOTE = 5000;   // ms, until a rater's own pace is known
  const rating = study.kind === "rating";
  const letters = ["A", "B"];
  let state = null;        // {rater, session, answers: [{shown, vote, ms}]}
  let shownAt = 0;

  // What the page remembers
  function load() {
    try { return JSON.parse(localStorage.getItem(PLACE)); } catch { return null; }
  }
  function keep() {
    try { localStorage.setItem(PLACE, JSON.stringify(state)); } catch { $("forgetful").hidden = false; }
  }
  function forget() {
    try { localStorage.removeItem(PLACE); } catch { /* there is nothing to forget */ }
    state = null;
  }
  function canRemember() {
    try { localStorage.setItem(PLACE + "-try", ""); localStorage.removeItem(PLACE + "-try"); return true; } catch { return false; }
  }

  // Pictures, in whole device pixels
  function picture(data, width, height, alt) {
    const image = new Image();
    image.alt = alt;
    image.decoding = "sync";
    image.src = "data:image/webp;base64," + data;
    image.dataset.width = width;
    image.dataset.height = height;
    return image;
  }
  function stored(index, alt) {
    return picture($("image-" + index).textContent, ...study.sizes[index], alt);
  }
  function fit() {
    const ratio = window.devicePixelRatio || 1;
    const room = document.documentElement.clientWidth * ratio;
    for (const image of document.querySelectorAll("#stage img, #pictures img")) {
      const { width, height } = image.dataset;
      const times = Math.max(1, Math.min(Math.round(ratio), Math.floor(room / width)));
      image.style.width = `${(width * times) / ratio}px`;
      image.style.height = `${(height * times) / ratio}px`;
      // Onto the grid of device pixels, which a page in CSS pixels may miss at 125 or 150 %.
      image.style.left = image.style.top = "0";
      const box = image.getBoundingClientRect();
      image.style.left = `${Math.round(box.left * ratio) / ratio - box.left}px`;
      image.style.top = `${Math.round(box.top * ratio) / ratio - box.top}px`;
    }
    const scale = window.visualViewport ? visualViewport.scale : 1;
    const zoom = matchMedia("(hover: hover)").matches ? outerWidth / innerWidth : 1;
    const zoomed = Math.abs(scale - 1) > 0.01 || zoom > 1.2 || (zoom > 0 && zoom < 0.85);
    $("zoom").hidden = !zoomed;
    $("zoom").textContent = "The page seems to be zoomed. Please set it back to 100 % (Ctrl+0, on a Mac ⌘0, or pinch), so that you see the pictures as they are.";
  }

  function show(id) {
    for (const section of document.querySelectorAll("main > section")) section.hidden = section.id !== id;
    fit();
    window.scrollTo(0, 0);
    $(id).querySelector("h1").focus({ preventScroll: true });
  }

  // Welcome
  const plan = () => study.plans[state.rater - 1];
  function minutes(votes, pace) {
    return Math.max(1, Math.round((votes * pace) / 60000));
  }
  function welcome() {
    const votes = study.plans[0].length;
    $("task").textContent = rating
      ? "You will see pictures one after the other. Give each a number from 1 (bad) to 5 (excellent) for how good it looks. Some have flaws: blur, blocks, odd patterns."
      : "You will see two versions of the same picture. Say which one it is; if they look alike, guess.";
    $("length").textContent = `${votes} votes, about ${minutes(votes, PER_VOTE)} minutes.`;
    $("number").max = study.plans.length;
    const hash = parseInt(link.get("number") || location.hash.slice(1), 10);
    if (hash >= 1 && hash <= study.plans.length) $("number").value = hash;
    $("who").hidden = !code;
    $("ask").hidden = !!code;
    $("who").textContent = `Your link has the code ${code}, which the file holds, too. Take part once.`;
    $("anew").hidden = $("next").hidden = !!code; // a code is one rater
    $("forgetful").hidden = canRemember();
    state = load();
    const begun = state && state.answers.length;
    $("resume").hidden = !begun;
    $("begin").hidden = !!begun;
    if (begun) $("been").textContent = `Welcome back: you have voted ${state.answers.length} of ${plan().length} times.`;
    show("welcome");
  }
  function begin(event) {
    event.preventDefault();
    const given = parseInt($("number").value, 10);
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const rater = given || 1 + (((bytes[0] << 8) | bytes[1]) % study.plans.length);
    state = { rater, session: Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join(""), answers: [] };
    keep();
    if (rating && study.examples.length) examples(); else trial();
  }
  function examples() {
    const ends = [[0, `1: ${study.scale[0]}`], [1, `5: ${study.scale[4]}`]];
    $("pictures").replaceChildren(...study.examples.flatMap((example) => ends.map(([which, words]) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = words;
      figure.append(picture(example[which], example[2], example[3], `Example of ${words}`), caption);
      return figure;
    })));
    show("examples");
  }

  // Voting
  function choices() {
    const words = rating ? study.scale.map((label, i) => [String(i + 1), label]) : letters.map((letter) => [letter, ""]);
    $("answers").replaceChildren(...words.map(([name, label], i) => {
      const button = document.createElement("button");
      const bold = document.createElement("b");
      button.type = "button";
      button.dataset.vote = i + 1;
      bold.textContent = name;
      button.append(bold, label);
      button.addEventListener("click", () => vote(i + 1));
      return button;
    }));
    $("keys").textContent = rating ? "Keys: 1 to 5, Backspace to go back" : "Keys: A and B or ← and →, Backspace to go back";
  }
  function trial() {
    // The pictures stand at the file's end, so that there is something to read while they are loaded.
    if (document.readyState === "loading") return document.addEventListener("DOMContentLoaded", trial, { once: true });
    const number = state.answers.length;
    const trials = plan();
    if (number >= trials.length) return end();
    const shown = trials[number];
    const place = `${number + 1} of ${trials.length}`;
    const images = shown.map((index, i) => {
      const name = rating ? `Picture ${place}` : i < 2 ? `Picture ${letters[i]}` : "The original";
      const image = stored(index, name);
      if (rating) return image;
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.textContent = name;
      figure.append(image, caption);
      return figure;
    });
    if (images.length === 3) images.splice(1, 0, images.pop()); // the original between the two
    const stage = $("stage");
    stage.classList.add("blank");
    stage.replaceChildren(...images);
    const times = state.answers.map((answer) => answer.ms).sort((a, b) => a - b);
    const pace = times.length < 5 ? PER_VOTE : times[times.length >> 1] + BLANK;
    $("progress").value = number / trials.length;
    $("left").textContent = `${place}, about ${minutes(trials.length - number, pace)} min left`;
    $("back").disabled = !number;
    if ($("vote").hidden) show("vote"); else fit();
    shownAt = Infinity;
    const pictures = [...stage.querySelectorAll("img")];
    Promise.all(pictures.map((image) => image.decode())).then(() => setTimeout(() => {
      stage.classList.remove("blank");
      requestAnimationFrame(() => { shownAt = performance.now(); stage.dataset.ready = number; });
    }, number ? BLANK : 0));
  }
  function vote(value) {
    if (performance.now() < shownAt) return;
    const number = state.answers.length;
    const shown = plan()[number].map((index) => study.codes[index]);
    state.answers.push({ shown, vote: value, ms: Math.round(performance.now() - shownAt) });
    keep();
    trial();
  }
  function back() {
    if (!state.answers.length) return;
    state.answers.pop();
    keep();
    trial();
  }

  // The file
  function file() {
    const answers = state.answers;
    const votes = answers.map((a) => `${a.shown.join("+")}:${a.vote}:${a.ms}`).join(";");
    const ratio = window.devicePixelRatio || 1;
    return {
      format: "srgan-opinion", version: 1, study: study.id, rater: state.rater, code, session: state.session, simulated: false,
      screen: { ratio, width: screen.width, height: screen.height, touch: matchMedia("(hover: none)").matches },
      answers, digest: sha256(`${study.id}|${state.rater}${code && "=" + code}|${state.session}|false|${votes}`),
    };
  }
  function end() {
    const text = JSON.stringify(file());
    const name = `opinion_${study.id}_${code || state.rater}_${state.session.slice(0, 4)}.json`;
    $("text").value = text;
    $("save").href = "data:application/json;charset=utf-8," + encodeURIComponent(text);
    $("save").download = name;
    const shared = typeof File === "function" ? { files: [new File([text], name, { type: "application/json" })] } : null;
    $("share").hidden = !(shared && navigator.canShare && navigator.canShare(shared));
    $("share").onclick = () => navigator.share(shared).catch(() => {});
    $("copied").textContent = "";
    show("end");
  }
  function copy() {
    $("text").select();
    const done = () => { $("copied").textContent = "Copied."; };
    if (navigator.clipboard) navigator.clipboard.writeText($("text").value).then(done, () => document.execCommand("copy") && done());
    else if (document.execCommand("copy")) done();
  }

  function anew() {
    if (!confirm("The votes on this device will be forgotten. Was the file saved, or are they not needed?")) return;
    forget();
    welcome();
  }

  $("begin").addEventListener("submit", begin);
  $("resume").addEventListener("submit", (event) => { event.preventDefault(); trial(); });
  $("anew").addEventListener("click", anew);
  $("next").addEventListener("click", anew);
  $("ready").addEventListener("click", trial);
  $("back").addEventListener("click", back);
  $("copy").addEventListener("click", copy);
  document.addEventListener("keydown", (event) => {
    if ($("vote").hidden || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const keys = rating ? ["1", "2", "3", "4", "5"] : ["a", "b"];
    let value = keys.indexOf(event.key.toLowerCase()) + 1;
    if (!rating && !value) value = { arrowleft: 1, arrowright: 2, 1: 1, 2: 2 }[event.key.toLowerCase()] || 0;
    if (value) { event.preventDefault(); vote(value); }
    if (event.key === "Backspace") { event.preventDefault(); back(); }
  });
  addEventListener("hashchange", () => location.reload()); // another rater's link
  addEventListener("resize", fit);
  if (window.visualViewport) visualViewport.addEventListener("resize", fit);

  choices();
  welcome();
})();
