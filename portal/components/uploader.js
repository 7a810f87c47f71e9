// Sends files straight to the server, two at a time, and tells the page the upload ids. Large files go in pieces:
// after a broken connection, or dropped again, they go on from the last byte that the server has.
const AT_ONCE = 2;
const MOST_TRIES = 12;
const LONGEST_PAUSE_S = 30;
const HEADERS = { "X-Requested-With": "tomlake" };
const instances = new WeakMap();

class Broken extends Error {}
class Refused extends Error {
  constructor(status, detail) {
    super(detail || "");
    this.status = status;
  }
}

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let one = instances.get(parentElement);
  if (!one) {
    one = build(parentElement);
    instances.set(parentElement, one);
  }
  one.data = data;
  one.say = speaker(parentElement, data.words);
  one.report = () => setStateValue("accepted", [...one.accepted]);
  one.drop.classList.toggle("closed", !data.open);
  one.input.disabled = one.folder.disabled = !data.open;
  one.hint.textContent = data.hint;
  one.input.onchange = () => { add(one, [...one.input.files]); one.input.value = ""; };
  one.folder.onclick = () => chooseFolder(one);
  one.drop.ondragover = (event) => { event.preventDefault(); one.drop.classList.add("over"); };
  one.drop.ondragleave = () => one.drop.classList.remove("over");
  one.drop.ondrop = async (event) => {
    event.preventDefault();
    one.drop.classList.remove("over");
    if (one.data.open) add(one, await dropped(one, event.dataTransfer));
  };
}

function build(parent) {
  const root = parent.querySelector(".sheet");
  return {
    drop: root.querySelector(".drop"),
    input: root.querySelector("input"),
    folder: root.querySelector(".folder"),
    hint: root.querySelector(".hint"),
    total: root.querySelector(".total"),
    list: root.querySelector("ul"),
    waiting: [],
    running: 0,
    accepted: [],
    files: 0,
    ended: 0,
    left: 0,
  };
}

function chooseFolder(one) {
  const input = document.createElement("input");
  input.type = "file";
  input.webkitdirectory = true;
  input.onchange = () => add(one, wanted(one, [...input.files]));
  input.click();
}

// A folder holds other things as well: only what may be an observation is sent.
function wanted(one, files) {
  const ends = new RegExp(one.data.folder_takes, "i");
  const taken = files.filter((file) => ends.test(file.name) && !file.name.startsWith("."));
  one.left += files.length - taken.length;
  return taken;
}

async function dropped(one, transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...transfer.files];
  if (!entries.some((entry) => entry.isDirectory)) return files;
  const found = [];
  for (const entry of entries) {
    if (entry.isDirectory) found.push(...wanted(one, await within(entry)));
    else found.push(await asFile(entry));
  }
  return found;
}

async function within(folder) {
  const reader = folder.createReader();
  const found = [];
  for (;;) {
    const some = await new Promise((good, bad) => reader.readEntries(good, bad));
    if (!some.length) return found;
    for (const entry of some) found.push(...(entry.isDirectory ? await within(entry) : [await asFile(entry)]));
  }
}

function asFile(entry) {
  return new Promise((good, bad) => entry.file(good, bad));
}

function add(one, files) {
  one.files += files.length;
  for (const file of files) {
    const { query, about } = one.data;
    one.waiting.push({ file, line: line(one, file), query: { ...query }, about: { ...about } });
  }
  count(one);
  next(one);
}

function count(one) {
  const { ended, files, left } = one;
  one.total.textContent = "";
  if (left) one.total.textContent = one.say("{ended} of {files} files sent; left out of the folder: {left}", { ended, files, left });
  else if (files > 1) one.total.textContent = one.say("{ended} of {files} files sent", { ended, files });
}

function line(one, file) {
  const item = document.createElement("li");
  const part = (tag, name, text) => {
    const node = document.createElement(tag);
    node.className = name;
    node.textContent = text;
    item.append(node);
    return node;
  };
  part("span", "name", file.name).title = file.webkitRelativePath || file.name;
  const state = part("span", "state", one.say("waiting"));
  const bar = item.appendChild(document.createElement("progress"));
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const why = part("span", "why", "");
  one.list.append(item);
  return { item, state, bar, why };
}

function next(one) {
  while (one.running < AT_ONCE && one.waiting.length) send(one, one.waiting.shift());
}

async function send(one, job) {
  one.running += 1;
  try {
    one.accepted.push(await carried(one, job));
    settle(one, job.line);
    one.report();
  } catch (error) {
    refuse(one, job.line, refusalOf(error, one.say));
  }
  one.running -= 1;
  one.ended += 1;
  count(one);
  next(one);
}

// Return the id of the upload that a file became, however often the connection breaks on the way.
async function carried(one, job) {
  for (let tries = 1; ; tries += 1) {
    const before = job.line.bar.value;
    try {
      return await (job.file.size > one.data.whole_bytes ? inPieces(one, job) : whole(one, job));
    } catch (error) {
      if (error instanceof Refused) throw error;
      if (job.line.bar.value > before) tries = 1;
      if (tries >= MOST_TRIES) throw error;
      job.line.state.textContent = one.say("connection lost, tries again");
      await pause(error.wait_s || Math.min(2 ** (tries - 1), LONGEST_PAUSE_S));
    }
  }
}

async function whole(one, job) {
  const query = new URLSearchParams({ ...job.query, name: job.file.name });
  const reply = await ask("PUT", one.data.url + "?" + query, { body: job.file, onbytes: (bytes) => show(one, job, bytes) });
  return good(reply).upload_id;
}

async function inPieces(one, job) {
  const { file } = job;
  const url = one.data.transfers_url;
  const key = "tomlake " + [file.name, file.size, file.lastModified, JSON.stringify(job.about)].join(" ");
  const at = await begun(url, key, job);
  let offset = at.offset_bytes;
  for (;;) {
    show(one, job, offset);
    const reply = await ask("PATCH", url + "/" + at.transfer_id, {
      body: file.slice(offset, offset + one.data.piece_bytes),
      headers: { "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset) },
      onbytes: (bytes) => show(one, job, offset + bytes),
    });
    if (reply.status === 409) {  // another connection's bytes came meanwhile
      await pause(2);
      offset = good(await ask("GET", url + "/" + at.transfer_id)).offset_bytes;
      continue;
    }
    if (reply.status >= 400 && reply.status < 500) remember(key, null);
    const answer = good(reply);
    offset = answer.offset_bytes;
    if (answer.upload) {
      remember(key, null);
      return answer.upload.upload_id;
    }
  }
}

// Return the transfer that this file has here already, or a new one.
async function begun(url, key, job) {
  const id = remembered(key);
  if (id) {
    const stands = await ask("GET", url + "/" + id);
    if (stands.status === 200) return stands.answer;
  }
  const body = JSON.stringify({ ...job.about, filename: job.file.name, size_bytes: job.file.size });
  const answer = good(await ask("POST", url, { body, headers: { "Content-Type": "application/json" } }));
  remember(key, answer.transfer_id);
  return answer;
}

function ask(method, url, { body, headers = {}, onbytes } = {}) {
  return new Promise((told, broken) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries({ ...HEADERS, ...headers })) request.setRequestHeader(name, value);
    if (onbytes) request.upload.onprogress = (event) => onbytes(event.loaded);
    request.onerror = request.ontimeout = () => broken(new Broken());
    request.onload = () => {
      const wait_s = Number(request.getResponseHeader("Retry-After"));
      const later = [429, 502, 503, 504].includes(request.status) && (wait_s || request.status !== 429);
      if (later) broken(Object.assign(new Broken(), { wait_s: Math.min(wait_s || 2, 60) }));
      else told({ status: request.status, answer: parsed(request.responseText) });
    };
    request.send(body);
  });
}

function good({ status, answer }) {
  if (status >= 200 && status < 300) return answer;
  throw new Refused(status, answer.detail);
}

function refusalOf(error, say) {
  if (!(error instanceof Refused)) return say("The connection broke: drop the file again, it goes on from where it stopped.");
  return error.message || say("The server refused the file ({status}).", { status: error.status });
}

function show(one, job, bytes) {
  job.line.bar.value = job.file.size ? bytes / job.file.size : 1;
  job.line.state.textContent = one.say("{percent} of {size}", {
    percent: Math.floor(100 * job.line.bar.value) + " %",
    size: size(job.file.size),
  });
}

function settle(one, line) {
  line.bar.value = 1;
  line.item.classList.add("done");
  line.state.textContent = one.say("received");
}

function refuse(one, line, words) {
  line.item.classList.add("refused");
  line.state.textContent = one.say("not taken");
  line.why.textContent = words;
}

function remembered(key) {
  try { return localStorage.getItem(key); } catch { return null; }
}

function remember(key, id) {
  try { if (id) localStorage.setItem(key, id); else localStorage.removeItem(key); } catch { /* then not */ }
}

function pause(seconds) {
  return new Promise((done) => setTimeout(done, 1000 * seconds));
}

function parsed(text) {
  try { return JSON.parse(text) || {}; } catch { return {}; }
}

function size(bytes) {
  return bytes >= 1e6 ? (bytes / 1e6).toFixed(1) + " MB" : Math.max(1, Math.round(bytes / 1e3)) + " kB";
}
