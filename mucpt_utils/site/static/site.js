"use strict";
// What every page needs: data that other scripts bring, the search, light and dark, copying.
const MuCPT = {
  data: {},
  waiting: {},
  root: document.body.dataset.root,

  /** Called by the scripts in data/: a page on a disk may load a script, but not fetch a file. */
  give(name, value) {
    this.data[name] = value;
    (this.waiting[name] || []).forEach(resolve => resolve(value));
    delete this.waiting[name];
  },

  /** The data of a name; its script is loaded where it is not there yet. */
  load(name) {
    if (name in this.data) return Promise.resolve(this.data[name]);
    return new Promise((resolve, reject) => {
      if (!this.waiting[name]) {
        const script = document.createElement("script");
        script.src = `${this.root}data/${name}.js`;
        script.onerror = () => reject(new Error(`${name} could not be loaded`));
        document.head.append(script);
      }
      (this.waiting[name] ||= []).push(resolve);
    });
  },

  /** An element with attributes, properties that begin with "on", and children. */
  make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value === true) element.setAttribute(name, "");
      else if (value !== false && value != null) element.setAttribute(name, value);
    }
    element.append(...children.filter(child => child != null));
    return element;
  },
};

// --- light and dark ------------------------------------------------------------------------------
document.querySelector(".theme").addEventListener("click", () => {
  const page = document.documentElement;
  const dark = page.dataset.theme ? page.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  page.dataset.theme = dark ? "light" : "dark";
  try { localStorage.setItem("theme", page.dataset.theme); } catch (_) { /* a page on a disk may not */ }
});

// --- the menu of narrow pages ---------------------------------------------------------------------
const menu = document.querySelector(".menu");
menu.addEventListener("click", () => {
  const open = document.getElementById("pages").classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
});

// --- copying -------------------------------------------------------------------------------------
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    const told = button.parentElement.querySelector(".copied");
    try {
      await navigator.clipboard.writeText(source.textContent);
      told.textContent = "Copied.";
    } catch (_) { // without permission the text is marked, so that one key copies it
      source.closest("details").open = true;
      getSelection().selectAllChildren(source);
      told.textContent = "Marked below; copy it with Ctrl or Cmd and C.";
    }
  });
}

// --- search: every word must begin a word of a section; titles count most -------------------------
const search = {
  input: document.getElementById("search"),
  list: document.getElementById("hits"),
  chosen: -1,

  words: text => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f]/g, "").match(/[\p{L}\p{N}]+/gu) || [],

  prepare(rows) {
    const weights = [0, 6, 4, 1, 1]; // of title, heading, text, further words
    this.index = rows.map(row => {
      const scores = new Map();
      row.slice(1).forEach((part, number) => {
        for (const word of this.words(part)) scores.set(word, Math.max(scores.get(word) || 0, weights[number + 1]));
      });
      return { row, scores };
    });
  },

  find(query) {
    const wanted = this.words(query);
    if (!wanted.length) return [];
    const hits = [];
    for (const { row, scores } of this.index) {
      let total = 0;
      for (const part of wanted) {
        let best = 0;
        for (const [word, score] of scores)
          if (word.startsWith(part)) best = Math.max(best, score * (word === part ? 1.5 : 1));
        if (!best) { total = 0; break; }
        total += best;
      }
      if (total) hits.push([total, row]);
    }
    return hits.sort((a, b) => b[0] - a[0]).slice(0, 12).map(hit => hit[1]);
  },

  excerpt(text, query) {
    const part = this.words(query)[0] || "";
    const place = Math.max(0, text.toLowerCase().indexOf(part) - 40);
    return (place ? "… " : "") + text.slice(place, place + 110) + (text.length > place + 110 ? " …" : "");
  },

  async show() {
    const query = this.input.value.trim();
    if (query) this.prepareOnce ||= MuCPT.load("search").then(rows => this.prepare(rows));
    if (query) await this.prepareOnce;
    const hits = query ? this.find(query) : [];
    const items = hits.map((row, number) => MuCPT.make("li", { role: "option", id: `hit-${number}`, "aria-selected": "false" },
      MuCPT.make("a", { href: MuCPT.root + row[0], tabindex: "-1" },
        MuCPT.make("b", {}, row[2] ? `${row[1]}: ${row[2]}` : row[1]), MuCPT.make("span", {}, this.excerpt(row[3], query)))));
    if (query && !hits.length) items.push(MuCPT.make("li", { role: "option", class: "none", "aria-disabled": "true" }, "Nothing found."));
    this.list.replaceChildren(...items);
    this.list.hidden = !query;
    this.input.setAttribute("aria-expanded", String(Boolean(query)));
    this.choose(-1);
  },

  choose(number) {
    const items = [...this.list.querySelectorAll("li:not(.none)")];
    this.chosen = items.length ? Math.max(-1, Math.min(items.length - 1, number)) : -1;
    items.forEach((item, place) => item.setAttribute("aria-selected", String(place === this.chosen)));
    const item = items[this.chosen];
    if (item) { this.input.setAttribute("aria-activedescendant", item.id); item.scrollIntoView({ block: "nearest" }); }
    else this.input.removeAttribute("aria-activedescendant");
  },

  close() { this.list.hidden = true; this.input.setAttribute("aria-expanded", "false"); },

  start() {
    this.input.addEventListener("input", () => this.show());
    this.input.addEventListener("keydown", event => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        this.choose(this.chosen + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter") {
        const links = this.list.querySelectorAll("li:not(.none) a");
        if (links.length) location.href = links[Math.max(0, this.chosen)].href;
      } else if (event.key === "Escape") this.close();
    });
    document.addEventListener("click", event => { if (!event.target.closest(".search")) this.close(); });
  },
};
search.start();
MuCPT.search = search;
