// A player without video: an ordinary client of the stream-limiting API, small enough to read.
//
// What a real player takes from here: wait as long as `Expires` says, show the texts of a 409 and of a
// 410 with a body, start anew after a 410 without one, and say DELETE when the viewer leaves.

const LOG_MAX = 200;
/** After a heartbeat that nobody answered. */
const RETRY_MS = 5_000;
/** The state of a stream that counts against the limit. */
const PLAYING = 'playing';

const form = document.getElementById('form');
const refusal = document.getElementById('refusal');
const list = document.getElementById('streams');
const log = document.getElementById('log');
const streams = new Set();
let started = 0;

/** An element with properties, attributes (`data-…`, `aria-…`, `role`) and children; text stays text. */
function element(name, properties = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes('-') || key === 'role') node.setAttribute(key, value);
    else node[key] = value;
  }
  node.append(...children);
  return node;
}

function button(text, onclick) {
  return element('button', { type: 'button', textContent: text, onclick });
}

/** Tells people who do not see the page what has changed. */
function announce(text) {
  document.getElementById('news').textContent = text;
}

// --- The API -------------------------------------------------------------------------------------

/** One call. Never throws: status 0 is a server that did not answer. */
async function call(application, method, path, { metadata = [], codes = [] } = {}) {
  const headers = { Authorization: `Basic ${btoa(`${application}:`)}` };
  if (codes.length > 0) headers['X-Terminate'] = codes.join(',');
  const body = metadata.length > 0 ? new URLSearchParams(metadata) : undefined;
  // `omit`: the header above is all the authentication there is; no dialog of the browser's.
  const options = { method, headers, body, credentials: 'omit', cache: 'no-store' };
  let answer = { status: 0, reason: 'no answer', json: null, waitMs: null, location: null };
  try {
    const response = await fetch(path, options);
    const text = await response.text();
    answer = {
      status: response.status,
      reason: response.statusText,
      json: text === '' ? null : JSON.parse(text),
      waitMs: waitMs(response.headers),
      location: response.headers.get('Location'),
    };
  } catch {
    // Shown in the log like every answer.
  }
  record({ method, path, headers, body, application }, answer);
  return answer;
}

/** `Expires` − `Date`: both are the server's, so this clock may be wrong. */
function waitMs(headers) {
  const wait = Date.parse(headers.get('Expires')) - Date.parse(headers.get('Date'));
  return Number.isNaN(wait) ? null : Math.max(wait, 0);
}

function record({ method, path, headers, body, application }, answer) {
  const sent = [`Authorization: ${headers.Authorization}   (${application}:)`];
  if (headers['X-Terminate']) sent.push(`X-Terminate: ${headers['X-Terminate']}`);
  if (body) sent.push('Content-Type: application/x-www-form-urlencoded', '', String(body));
  const got = [];
  if (answer.location) got.push(`Location: ${answer.location}`);
  if (answer.waitMs !== null) got.push(`Expires − Date: ${answer.waitMs / 1000} s`);
  if (answer.json !== null) got.push('', JSON.stringify(answer.json, null, 2));
  const codes = headers['X-Terminate'] ? ` · X-Terminate: ${headers['X-Terminate']}` : '';
  const line = `${method} ${path}${codes}`;
  const again = curl({ method, path, codes: headers['X-Terminate'], body, application });
  const status = element('strong', { textContent: `${answer.status || '–'} ${answer.reason}`.trim() });
  status.dataset.kind = String(Math.floor(answer.status / 100));
  const details = element(
    'details',
    {},
    element('summary', {}, status, ' ', element('code', { textContent: line })),
    element('pre', { tabIndex: 0 }, element('code', {
      textContent: [
        `${method} ${path}`, ...sent, '', `→ ${answer.status} ${answer.reason}`, ...got, '', again,
      ].join('\n'),
    })),
  );
  log.prepend(element('li', {}, details));
  while (log.children.length > LOG_MAX) log.lastElementChild.remove();
}

/** The same call for a terminal. */
function curl({ method, path, codes, body, application }) {
  const quoted = (text) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const parts = ['curl -i', `-X ${method}`, `-u ${quoted(`${application}:`)}`];
  if (codes) parts.push(`-H ${quoted(`X-Terminate: ${codes}`)}`);
  if (body) parts.push(`-d ${quoted(String(body))}`);
  return [...parts, quoted(String(new URL(path, location.href)))].join(' ');
}

// --- Starting ------------------------------------------------------------------------------------

/** What the form says. */
function wanted() {
  const fields = new FormData(form);
  const path = [fields.get('idp'), fields.get('subject')].map(encodeURIComponent).join('/');
  const metadata = ['channel', 'deviceId', 'deviceName', 'contentType']
    .map((name) => [name, fields.get(name).trim()])
    .filter(([, value]) => value !== '');
  const [application, subject] = [fields.get('application'), fields.get('subject')];
  return { application, subject, path: `/v2/sessions/${path}`, metadata };
}

/** Starts a stream in the place of those that `codes` name. */
async function start(wish, codes = []) {
  refusal.replaceChildren();
  const { application, path, metadata } = wish;
  const answer = await call(application, 'POST', path, { metadata, codes });
  if (answer.status === 202) {
    play(wish, answer);
  } else if (answer.status === 409) {
    refuse(wish, codes, answer.json);
  } else if (answer.status === 400) {
    await learn(application);
    complain('Not started: metadata that this application must send is missing.');
  } else if (answer.status === 429) {
    complain(`Not started: too many starts. Try again in ${Math.ceil((answer.waitMs ?? 0) / 1000)} s.`);
  } else {
    complain(`Not started: ${answer.status || ''} ${answer.reason}`);
  }
}

function complain(text) {
  refusal.replaceChildren(element('p', { className: 'alert', textContent: text }));
}

/** Shows why a start was refused, and what could end to make room. */
function refuse(wish, codes, { associatedAdvice }) {
  const replace = (code) => start(wish, [...codes, code]);
  const parts = associatedAdvice.map((advice) => [
    element('p', { className: 'alert', textContent: advice.message }),
    element('p', { className: 'quiet', textContent: `Refused by rule “${advice.ruleName}” of policy “${advice.policyName}”.` }),
    conflicts(advice, replace),
  ]);
  refusal.replaceChildren(...parts.flat());
}

function conflicts({ conflicts: groups }, replace) {
  const items = Object.values(groups).flat().map((session) => {
    const text = `${describe(session)} (code ${session.terminationCode})`;
    const item = element('li', {}, element('span', { textContent: text }));
    if (replace) {
      const end = button('Stop that one and play here', () => replace(session.terminationCode));
      end.setAttribute('aria-label', `Stop that one and play here: ${text}`);
      item.append(end);
    }
    return item;
  });
  return element('ul', { className: 'conflicts' }, ...items);
}

/** A session or terminator for people; by its name on this page if it plays here. */
function describe({ channel, startedAt, deviceName, applicationName, terminationCode }) {
  const here = [...streams].find(({ id }) => code(id) === terminationCode);
  const parts = here ? [`${here.name} of this page`] : [];
  parts.push(`“${applicationName}”`, `started ${new Date(startedAt).toLocaleTimeString()}`);
  if (deviceName !== 'Unknown') parts.push(`on ${deviceName}`);
  if (channel !== 'Unknown') parts.push(`playing ${channel}`);
  return parts.join(', ');
}

/** The termination code of a session id: a hash that every client can compute (`concurrency` §7.2). */
function code(id) {
  const hash = [...id].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) | 0, 0);
  return (hash >>> 0).toString(16).padStart(8, '0');
}

/** Shows what the server says is running, whoever started it. */
async function show() {
  const { application, subject, path } = wanted();
  const running = path.replace('/v2/sessions/', '/v2/runningStreams/');
  const { status, reason, json } = await call(application, 'GET', running);
  const text = status !== 200 ? `The server did not say: ${status || ''} ${reason}`
    : json.runningStreams.length > 0 ? `${json.runningStreams.length} running for ${subject}:`
    : json.otherStreams > 0 ? `None that ${application} may see; ${json.otherStreams} of other companies.`
    : `Nothing is running for ${subject}.`;
  const items = (json?.runningStreams ?? []).map((it) => element('li', {}, describe({
    ...it, startedAt: it.startTime, channel: 'Unknown', deviceName: 'Unknown', ...it.metadata,
  })));
  const list = element('ul', { className: 'conflicts' }, ...items);
  document.getElementById('running').replaceChildren(element('p', { className: 'quiet', textContent: text }), list);
}

/** Asks what the application must send; a real app remembers the answer. */
async function learn(application) {
  const { status, json } = await call(application, 'GET', '/v2/metadata');
  const text = status !== 200 ? 'The server did not say what this application must send.'
    : json.length === 0 ? 'This application needs to send nothing.'
    : `This application must send ${json.join(', ')}.`;
  document.getElementById('required').textContent = text;
}

// --- Playing -------------------------------------------------------------------------------------

function play(wish, { location, waitMs }) {
  started += 1;
  const name = `Stream ${started}`;
  const stream = {
    name,
    id: location,
    application: wish.application,
    path: `${wish.path}/${encodeURIComponent(location)}`,
    state: PLAYING,
    beats: 0,
    ...card(name, wish, location),
  };
  stream.beatNow.onclick = () => beat(stream);
  stream.stopNow.onclick = () => stop(stream);
  streams.add(stream);
  document.getElementById('nothing').hidden = true;
  list.prepend(stream.card);
  announce(`${name} plays.`);
  plan(stream, waitMs);
}

function card(name, { application, subject, metadata }, id) {
  const facts = [`${application}, ${subject}`, ...metadata.map((pair) => pair.join(': '))];
  const state = element('p', { className: 'state', textContent: 'Playing' });
  const timer = element('p', { className: 'timer', role: 'timer' });
  const bar = element('progress', { max: 1, value: 1, 'aria-label': 'Time until the next heartbeat' });
  const [beatNow, stopNow] = [button('Beat now'), button('Stop')];
  const actions = element('p', { className: 'actions' }, beatNow, stopNow);
  const title = element('h3', { textContent: name });
  const about = element('p', { className: 'quiet' }, facts.join(' · '), element('br'), element('code', { textContent: id }));
  const node = element('li', { className: 'stream', 'data-state': PLAYING }, title, about, state, timer, bar, actions);
  return { card: node, stateText: state, timer, bar, actions, beatNow, stopNow };
}

/** Beats a little before the announced instant: the way takes time too. */
function plan(stream, waitMs) {
  clearTimeout(stream.timeout);
  const wait = waitMs ?? RETRY_MS;
  stream.waitMs = Math.max(wait - Math.min(2_000, wait / 4), 250);
  stream.dueAt = performance.now() + stream.waitMs;
  stream.timeout = setTimeout(() => beat(stream), stream.waitMs);
  tick(stream);
}

function tick(stream) {
  const left = Math.max(stream.dueAt - performance.now(), 0);
  stream.timer.textContent = `Next heartbeat in ${Math.ceil(left / 1000)} s · ${stream.beats} accepted`;
  stream.bar.value = left / stream.waitMs;
}

async function beat(stream) {
  clearTimeout(stream.timeout);
  const answer = await call(stream.application, 'POST', stream.path);
  if (stream.state !== PLAYING) return;
  if (answer.status === 202) {
    stream.beats += 1;
    plan(stream, answer.waitMs);
  } else if (answer.status === 429) {
    plan(stream, answer.waitMs);
  } else if (answer.status === 0 || answer.status >= 500) {
    plan(stream, RETRY_MS);
  } else {
    over(stream, answer);
  }
}

async function stop(stream) {
  clearTimeout(stream.timeout);
  const answer = await call(stream.application, 'DELETE', stream.path);
  if (answer.status === 202) end(stream, 'stopped', 'Stopped. Its place is free at once.');
  else if (answer.status === 0 || answer.status === 429 || answer.status >= 500) plan(stream, RETRY_MS);
  else over(stream, answer);
}

/** A stream that the server no longer lets play. */
function over(stream, { status, reason, json }) {
  const [advice] = json?.associatedAdvice ?? [];
  if (advice?.type === 'remote-termination') {
    end(stream, 'kicked', `Kicked out: ${advice.message}`, `By ${describe(advice.terminator)}.`);
  } else if (advice?.type === 'rule-violation') {
    const texts = json.associatedAdvice.map((it) => it.message);
    end(stream, 'kicked', `Stopped by a rule: ${texts.join(' ')}`, conflicts(advice, null));
  } else if (status === 410) {
    end(stream, 'stopped', 'This stream is over. A real player silently starts a new one.');
  } else {
    end(stream, 'kicked', `The server says ${status} ${reason}.`);
  }
}

function end(stream, state, text, more = '') {
  clearTimeout(stream.timeout);
  stream.state = state;
  stream.card.dataset.state = state;
  stream.stateText.replaceChildren(text, ...(more === '' ? [] : [element('br'), more]));
  stream.timer.remove();
  stream.bar.remove();
  const clear = () => {
    stream.card.remove();
    streams.delete(stream);
    form.querySelector('button').focus();
  };
  stream.actions.replaceChildren(button('Clear away', clear));
  announce(`${stream.name}: ${stream.stateText.innerText}`);
}

// --- The page ------------------------------------------------------------------------------------

form.addEventListener('submit', (event) => {
  event.preventDefault();
  start(wanted());
});
form.elements.application.addEventListener('change', (event) => learn(event.target.value));
document.getElementById('show').addEventListener('click', show);

setInterval(() => {
  for (const stream of streams) if (stream.state === PLAYING) tick(stream);
}, 500);

// Whoever leaves says so; otherwise the place stays taken until the stream falls silent.
window.addEventListener('pagehide', () => {
  for (const { state, application, path } of streams) {
    if (state !== PLAYING) continue;
    const headers = { Authorization: `Basic ${btoa(`${application}:`)}` };
    fetch(path, { method: 'DELETE', headers, credentials: 'omit', keepalive: true });
  }
});

learn(form.elements.application.value);
