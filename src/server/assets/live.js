/* Keeps the page up to date, and lets commands be copied. Without it everything is there as well, as it was when the page was asked for. */

/** The page also ages without anything happening. */
const REFRESH_MILLISECONDS = 60_000;
/** However much happens, the page is not asked for more often. */
const LEAST_MILLISECONDS = 2_000;
const AGAIN_MILLISECONDS = 15_000;
/** The server itself waits for half a minute. */
const PATIENCE_MILLISECONDS = 45_000;

const note = document.getElementById('live');
let isAsking = false;
let isWanted = false;
let askedAt = performance.now();

listen();
setInterval(refresh, REFRESH_MILLISECONDS);
document.addEventListener('visibilitychange', refresh);
enableCopying(document);

function listen() {
  const events = new EventSource(new URL('api/v1/events', import.meta.url));
  events.addEventListener('changed', ({ data }) => {
    // One comes at once: the page may be as new as that already.
    const shown = document.querySelector('main')?.dataset.revision;
    if (String(JSON.parse(data).revision) !== shown) refresh();
  });
  events.addEventListener('progress', refresh);
  events.addEventListener('open', () => tell(''));
  events.addEventListener('error', () => {
    tell(note?.dataset.lost ?? '');
    // After a refusal it does not try again by itself.
    if (events.readyState === EventSource.CLOSED) setTimeout(listen, AGAIN_MILLISECONDS);
  });
}

/** What is hidden is brought up to date when somebody looks at it. */
function refresh() {
  if (document.hidden || isWanted) return;
  isWanted = true;
  setTimeout(ask, Math.max(0, askedAt + LEAST_MILLISECONDS - performance.now()));
}

async function ask() {
  if (isAsking) return;
  isAsking = true;
  isWanted = false;
  askedAt = performance.now();
  try {
    const answer = await fetch(location.href, {
      headers: { accept: 'text/html' },
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
    if (answer.ok) show(page);
  } catch {
    // The events tell when the server is back.
  }
  isAsking = false;
  if (isWanted) setTimeout(ask, LEAST_MILLISECONDS);
}

function show(page) {
  enableCopying(page);
  const focused = document.activeElement;
  const address = focused?.getAttribute('href');
  for (const selector of ['main', '.foot']) {
    const [old, fresh] = [document.querySelector(selector), page.querySelector(selector)];
    if (old && fresh) bringUpToDate(old, fresh);
  }
  document.title = page.title;
  // A row may have moved on: the focus goes with what it was on.
  if (!address || focused.getAttribute('href') === address) return;
  document.querySelector(`main a[href="${CSS.escape(address)}"]`)?.focus({ preventScroll: true });
}

/** Changes what differs and nothing else: focus, selection, scroll positions and what was typed stay. */
function bringUpToDate(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) {
    old.replaceWith(document.importNode(fresh, true));
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes])
    if (!fresh.hasAttribute(name) && !isOfTheReader(old, name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes)
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  for (const [index, child] of after.entries()) {
    if (before[index]) bringUpToDate(before[index], child);
    else old.append(document.importNode(child, true));
  }
  for (const child of before.slice(after.length)) child.remove();
}

/** What was opened stays open. */
function isOfTheReader({ nodeName }, attribute) {
  return nodeName === 'DETAILS' && attribute === 'open';
}

function tell(text) {
  if (note && note.textContent !== text) note.textContent = text;
}

/** Only a page that came in safety may write to the clipboard. */
function enableCopying(page) {
  if (!navigator.clipboard) return;
  for (const button of page.querySelectorAll('.copy')) button.hidden = false;
}

document.addEventListener('click', async ({ target }) => {
  const button = target instanceof Element ? target.closest('.copy') : null;
  const text = button?.parentElement?.querySelector('code')?.textContent;
  if (!button || !text) return;
  await navigator.clipboard.writeText(text);
  const before = button.textContent;
  button.textContent = button.dataset.copied ?? before;
  setTimeout(() => {
    button.textContent = before;
  }, 2_000);
});
