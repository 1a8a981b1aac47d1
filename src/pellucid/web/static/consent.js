// The consent widget: asks a visitor about uses of their data, and lets tags run after a recorded yes only.
//
//   <script src="/privacy/static/consent.js" defer></script>
//   <pellucid-consent language="en" purposes="offers"></pellucid-consent>
//   <script type="text/plain" data-purpose="offers" src="https://tags.example/tag.js"></script>
//   <a href="/privacy/visitor" data-pellucid-open>Choices about your data</a>
//
// What runs, and what is asked, is what pellucid answers: nothing is decided or kept here. Whatever fails, no tag runs.
// It needs no inline script or style: `script-src 'self'; connect-src 'self'` is enough.

const SHEET = new CSSStyleSheet();
SHEET.replaceSync(`
:host {
  --paper: #ffffff; --ink: #1b2422; --quiet: #55615e; --edge: #6b7874; --focus: #1a56db; --mark: #0b6b61;
  color-scheme: light dark;
}
@media (prefers-color-scheme: dark) {
  :host { --paper: #1a2220; --ink: #e8edeb; --quiet: #a9b5b1; --edge: #84918d; --focus: #9cc2ff; --mark: #5fd0bf; }
}
*, *::before { box-sizing: border-box; }
[hidden] { display: none !important; }
section {
  position: fixed; z-index: 2147483000; inset-inline: 0; inset-block-end: 0;
  max-inline-size: 42rem; max-block-size: min(85vh, 40rem); margin-inline: auto; padding: 1rem 1.25rem;
  overflow: auto; overflow-wrap: anywhere;
  background: var(--paper); color: var(--ink); border: 1px solid var(--edge); border-radius: .5rem .5rem 0 0;
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
.acts { margin-block-end: .5rem; }
#title { font-size: 1.25rem; font-weight: 700; line-height: 1.25; margin: 0 0 .5rem; }
p { margin: 0 0 .75rem; }
.heard { position: absolute; inline-size: 1px; block-size: 1px; overflow: hidden; clip-path: inset(50%); }
.quiet { color: var(--quiet); font-size: .95rem; }
fieldset { border: 1px solid var(--edge); border-radius: .5rem; margin: 0 0 .75rem; padding: .25rem .75rem .5rem; }
legend { font-weight: 600; padding-inline: .25rem; }
.pair, .acts { display: grid; gap: .5rem; grid-template-columns: 1fr 1fr; grid-auto-rows: 1fr; }
label {
  display: flex; gap: .5rem; align-items: center; min-block-size: 2.75rem; padding-inline: .75rem;
  border: 2px solid var(--edge); border-radius: .5rem; cursor: pointer;
}
label:has(:checked) { border-color: var(--mark); box-shadow: inset 0 0 0 2px var(--mark); }
input { inline-size: 1.5rem; block-size: 1.5rem; margin: 0; accent-color: var(--mark); }
button {
  min-block-size: 2.75rem; padding: .5rem 1rem; border: 2px solid var(--edge); border-radius: .5rem;
  background: var(--paper); color: var(--ink); font: inherit; font-weight: 600; cursor: pointer;
}
a { color: inherit; display: inline-block; min-block-size: 1.5rem; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
`);

const TAGS = "[data-purpose]";
const LATER = "pellucid-later";

/** Make an element: its attributes, then what stands in it. */
function make(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
}

/** Let one tag run that waited: a script is made anew, for a browser runs none twice; other tags get their address. */
function run(tag) {
  if (tag.localName !== "script") {
    tag.src = tag.dataset.src;
    tag.removeAttribute("data-src");
    return;
  }
  const script = document.createElement("script");
  for (const { name, value } of tag.attributes) if (name !== "type") script.setAttribute(name, value);
  if (tag.dataset.type) script.type = tag.dataset.type; // "module", say
  script.nonce = tag.nonce;
  script.text = tag.text;
  script.async = false; // in the order of the page
  script.setAttribute("data-ran", "");
  tag.replaceWith(script);
}

class PellucidConsent extends HTMLElement {
  #state = null; // what pellucid answered last; null: nothing yet, and nothing runs
  #ran = new Set(); // purposes of tags that run
  #before = null; // what had the focus before the panel was opened
  #panel = null;
  #told = make("p", { role: "status", class: "heard" }); // what is heard once the panel is gone

  connectedCallback() {
    if (!this.shadowRoot) {
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [SHEET];
      this.shadowRoot.append(this.#told);
      document.addEventListener("click", (click) => {
        if (this.#state && click.target.closest?.("[data-pellucid-open]")) {
          click.preventDefault();
          this.open();
        }
      });
      new MutationObserver(() => this.#runAll()).observe(document, { childList: true, subtree: true });
    }
    this.#ask();
  }

  /** Open the panel, whatever was chosen before, and put the focus into it. */
  open() {
    if (!this.#state) return;
    this.#before = document.activeElement;
    this.#show();
    this.shadowRoot.querySelector("#title").focus();
  }

  /** The purposes that tags may run for: to each there is a recorded yes that counts. */
  get on() {
    return (this.#state?.purposes ?? []).filter((each) => each.on).map((each) => each.name);
  }

  get #api() {
    return this.getAttribute("api") ?? "/privacy/api/visitor";
  }

  get #language() {
    const wanted = this.getAttribute("language") ?? document.documentElement.lang.slice(0, 2);
    return ["en", "de", "es", "fr"].includes(wanted) ? wanted : "en";
  }

  get #offers() {
    const named = (this.getAttribute("purposes") ?? "").split(/\s+/).filter(Boolean);
    return this.#state.purposes.filter((each) => !named.length || named.includes(each.name));
  }

  /** Whether something is still to be chosen. */
  get #isOpen() {
    return this.#offers.some((each) => each.said === null);
  }

  async #ask() {
    try {
      this.#take(await this.#fetch(`${this.#api}?language=${this.#language}`));
    } catch {
      this.#tell("failed");
      return;
    }
    if (this.#isOpen && !sessionStorage.getItem(LATER)) this.#show();
  }

  async #fetch(url, body) {
    const sent = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const answer = await fetch(url, { credentials: "same-origin", cache: "no-store", ...(body ? sent : {}) });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  #take(state) {
    this.#state = state;
    this.#runAll();
    this.#tell("known");
  }

  /** Tell the page: `pellucid:consent` bubbles from the element; `detail.on` are the purposes that may be used for. */
  #tell(what) {
    const detail = { what, on: this.on, signal: this.#state?.signal ?? false };
    this.dispatchEvent(new CustomEvent("pellucid:consent", { bubbles: true, composed: true, detail }));
  }

  /** Run every tag whose purposes are all on; one that names none never runs. */
  #runAll() {
    const on = new Set(this.on);
    if (!on.size) return;
    for (const tag of document.querySelectorAll(TAGS)) {
      const waits = tag.localName === "script" ? tag.type === "text/plain" : tag.hasAttribute("data-src");
      const purposes = tag.dataset.purpose.split(/\s+/).filter(Boolean);
      if (waits && purposes.length && purposes.every((each) => on.has(each))) {
        purposes.forEach((each) => this.#ran.add(each));
        run(tag);
      }
    }
  }

  async #choose(choices) {
    if (!choices.length) {
      this.shadowRoot.querySelector("input")?.focus();
      return;
    }
    try {
      this.#take(await this.#fetch(this.#api, { choices, language: this.#language }));
    } catch {
      this.shadowRoot.querySelector("#wrong").textContent = this.#state.words.failed;
      return;
    }
    if (this.#isOpen) this.#later(); // who saves and leaves something open is not asked about it on every page
    else this.#close();
    this.#told.textContent = this.#state.words.saved;
    const on = this.on;
    if ([...this.#ran].some((each) => !on.includes(each))) location.reload(); // what runs is ended by nothing else
  }

  #chooseAll(yes) {
    const free = this.#offers.filter((each) => !(yes && each.blocked));
    return this.#choose(free.map((each) => this.#choice(each, yes)));
  }

  #chooseMarked() {
    const marked = (each) => this.shadowRoot.querySelector(`input[name="${each.name}"]:checked`)?.value;
    const chosen = this.#offers.filter(marked);
    return this.#choose(chosen.map((each) => this.#choice(each, marked(each) === "yes")));
  }

  #choice(each, yes) {
    return { purpose: each.name, yes, notice_version: each.notice_version };
  }

  #later() {
    sessionStorage.setItem(LATER, "1"); // until the tab is closed
    this.#close();
  }

  #close() {
    this.#panel?.remove();
    this.#panel = null;
    this.#before?.focus?.();
    this.#before = null;
  }

  #show() {
    this.#panel?.remove();
    const words = this.#state.words;
    const act = (name, act) => {
      const button = make("button", { type: "button", id: name }, words[name]);
      button.addEventListener("click", act);
      return button;
    };
    this.#told.textContent = "";
    this.#panel = make(
      "section",
      { role: "dialog", "aria-labelledby": "title", "aria-describedby": "intro", lang: this.#state.language },
      make("p", { id: "title", tabindex: "-1" }, words.title),
      make("p", { id: "intro" }, words.intro),
      ...this.#offers.map((each) => this.#question(each, words)),
      make("p", { id: "wrong", role: "alert" }),
      make(
        "div",
        { class: "acts" },
        act("yes_all", () => this.#chooseAll(true)),
        act("no_all", () => this.#chooseAll(false)),
        act("save", () => this.#chooseMarked()),
        act("later", () => this.#later()),
      ),
      make("p", {}, make("a", { href: this.getAttribute("more") ?? "/privacy/visitor" }, words.more)),
    );
    this.#panel.addEventListener("keydown", (key) => key.key === "Escape" && this.#later());
    this.shadowRoot.append(this.#panel);
  }

  #question(each, words) {
    const pick = (value) => {
      const input = make("input", { type: "radio", name: each.name, value, id: `${value}-${each.name}` });
      input.checked = each.said === (value === "yes");
      return make("label", {}, input, words[value]);
    };
    const text = make("p", { class: "quiet", lang: each.text_language }, each.text);
    const answers = each.blocked
      ? make("p", {}, make("strong", {}, words.signal))
      : make("div", { class: "pair" }, pick("yes"), pick("no"));
    return make("fieldset", {}, make("legend", { lang: each.title_language }, each.title), text, answers);
  }
}

customElements.define("pellucid-consent", PellucidConsent);
