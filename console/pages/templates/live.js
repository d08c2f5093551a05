(() => {
const drawn = document.getElementById('drawn'), notice = document.getElementById('notice');
const connection = document.getElementById('connection');
const meta = (name) => document.querySelector(`meta[name=${name}]`).content;
let version = meta('version'), style = '', source = null;
const parsed = (html) => new DOMParser().parseFromString(html, 'text/html').body;

// Make `was` like `now`, node by node: what stays the same node keeps focus, selection, size and scroll position.
const patch = (was, now) => {
  if (was.nodeType !== Node.ELEMENT_NODE) {
    if (was.data !== now.data) was.data = now.data;
    return;
  }
  // The reader opens and closes; the page never does.
  for (const {name} of [...was.attributes]) if (name !== 'open' && !now.hasAttribute(name)) was.removeAttribute(name);
  for (const {name, value} of now.attributes) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
  patchInside(was, now);
};
const patchInside = (was, now) => {
  const wanted = new Set([...now.childNodes].map((node) => node.id).filter(Boolean));
  const named = new Map(), others = [];
  for (const node of was.childNodes) if (wanted.has(node.id)) named.set(node.id, node); else others.push(node);
  let next = 0;
  const pairs = [...now.childNodes].map((node) => {
    if (named.has(node.id)) return [named.get(node.id), node];
    const found = others.findIndex((other, index) => index >= next && other.nodeName === node.nodeName);
    if (found < 0) return [null, node];
    next = found + 1;
    return [others[found], node];
  });
  const kept = new Set(pairs.map(([old]) => old));
  for (const node of [...was.childNodes]) if (!kept.has(node)) node.remove();
  let place = was.firstChild;
  for (const [old, node] of pairs) {
    if (old === null) was.insertBefore(document.importNode(node, true), place);
    else {
      if (old === place) place = place.nextSibling; else was.insertBefore(old, place);
      if (old.nodeName === node.nodeName) patch(old, node); else old.replaceWith(document.importNode(node, true));
    }
  }
};

// Numbers of choices change with the file's locales, so a choice is known by its words.
const words = (input) => `${input.name} ${input.labels[0] ? input.labels[0].textContent : ''}`;
const choices = () => [...drawn.querySelectorAll('input[type=radio]')];
const restore = (chosen, focused) => {
  const groups = new Map();
  for (const input of choices()) groups.set(input.name, [...(groups.get(input.name) || []), input]);
  for (const inputs of groups.values()) {
    const one = inputs.find((input) => chosen.has(words(input))) || inputs.find((input) => input.defaultChecked);
    if (one) one.checked = true;
  }
  const input = focused && choices().find((each) => words(each) === focused);
  if (input && input !== document.activeElement) input.focus({preventScroll: true});
};

const repaint = (now) => {
  const chosen = new Set(choices().filter((input) => input.checked).map(words));
  const active = document.activeElement;
  const focused = active && active.type === 'radio' ? words(active) : '';
  const anchor = scrollY > 0 && [...drawn.querySelectorAll('article,h2,h3,tr,.list')].find((node) => {
    const box = node.getBoundingClientRect();
    return box.height > 0 && box.bottom > 0;
  });
  const before = anchor ? anchor.getBoundingClientRect().top : 0;
  if (now.style !== style) {
    // The policy allows the first style sheet by its hash. This one comes from the script, which the policy allows too.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(now.style);
    document.adoptedStyleSheets = [sheet];
    document.querySelector('style').disabled = true;
    style = now.style;
  }
  document.title = now.title;
  patchInside(notice, parsed(now.notice));
  drawn.className = now.stale ? 'stale' : '';
  patchInside(drawn, parsed(now.drawn));
  restore(chosen, focused);
  if (anchor && anchor.isConnected) {
    scrollBy({top: anchor.getBoundingClientRect().top - before, behavior: 'instant'});
  }
  version = now.version;
  dispatchEvent(new Event('change'));
};

const connect = () => {
  source = new EventSource(`/changes?after=${version}`);
  source.onopen = () => { connection.textContent = 'Live'; };
  source.onerror = () => { connection.textContent = 'Not live: start retention preview --watch again.'; };
  source.onmessage = ({data}) => {
    const now = JSON.parse(data);
    if (now.script !== meta('script')) location.reload();
    else if (now.version !== version) repaint(now);
  };
};
// A browser keeps few connections to one server: tabs in the background hold none.
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) connect();
  else if (source) source.close();
});
if (!document.hidden) connect();
})();
