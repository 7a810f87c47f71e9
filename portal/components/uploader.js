// Sends each chosen file straight to the server with a PUT, two at a time, and tells the page the upload ids.
const AT_ONCE = 2;
const HEADERS = { "X-Requested-With": "tomlake" };
const instances = new WeakMap();

export default function (component) {
  const { parentElement, data, setStateValue } = component;
  let one = instances.get(parentElement);
  if (!one) {
    one = build(parentElement);
    instances.set(parentElement, one);
  }
  one.data = data;
  one.report = () => setStateValue("accepted", [...one.accepted]);
  one.drop.classList.toggle("closed", !data.open);
  one.input.disabled = !data.open;
  one.input.accept = data.accept;
  one.hint.textContent = data.hint;
  one.input.onchange = () => { add(one, [...one.input.files]); one.input.value = ""; };
  one.drop.ondragover = (event) => { event.preventDefault(); one.drop.classList.add("over"); };
  one.drop.ondragleave = () => one.drop.classList.remove("over");
  one.drop.ondrop = (event) => {
    event.preventDefault();
    one.drop.classList.remove("over");
    if (one.data.open) add(one, [...event.dataTransfer.files]);
  };
}

function build(parent) {
  const root = parent.querySelector(".sheet");
  return {
    drop: root.querySelector(".drop"),
    input: root.querySelector("input"),
    hint: root.querySelector(".hint"),
    list: root.querySelector("ul"),
    waiting: [],
    running: 0,
    accepted: [],
  };
}

function add(one, files) {
  for (const file of files) one.waiting.push({ file, line: line(one.list, file), query: { ...one.data.fields } });
  next(one);
}

function line(list, file) {
  const item = document.createElement("li");
  const part = (tag, name, text) => {
    const node = document.createElement(tag);
    node.className = name;
    node.textContent = text;
    item.append(node);
    return node;
  };
  part("span", "name", file.name).title = file.name;
  const state = part("span", "state", "waiting");
  const bar = item.appendChild(document.createElement("progress"));
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", file.name);
  const why = part("span", "why", "");
  list.append(item);
  return { item, state, bar, why };
}

function next(one) {
  while (one.running < AT_ONCE && one.waiting.length) send(one, one.waiting.shift());
}

function send(one, { file, line, query }) {
  one.running += 1;
  const request = new XMLHttpRequest();
  const end = () => { one.running -= 1; next(one); };
  request.open("PUT", one.data.url + "?" + new URLSearchParams({ ...query, name: file.name }));
  for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
  request.upload.onprogress = (event) => {
    line.bar.value = event.lengthComputable ? event.loaded / event.total : 0;
    line.state.textContent = Math.floor(100 * line.bar.value) + " % of " + size(file.size);
  };
  request.onload = () => { settle(one, line, request); end(); };
  request.onerror = () => { refuse(line, "The connection broke: send the file again."); end(); };
  request.send(file);
}

function settle(one, line, request) {
  const answer = parsed(request.responseText);
  if (request.status >= 200 && request.status < 300 && answer.upload_id !== undefined) {
    line.bar.value = 1;
    line.item.classList.add("done");
    line.state.textContent = "received";
    one.accepted.push(answer.upload_id);
    one.report();
  } else {
    refuse(line, answer.detail || "The server refused the file (" + request.status + ").");
  }
}

function refuse(line, words) {
  line.item.classList.add("refused");
  line.state.textContent = "not taken";
  line.why.textContent = words;
}

function parsed(text) {
  try { return JSON.parse(text) || {}; } catch { return {}; }
}

function size(bytes) {
  return bytes >= 1e6 ? (bytes / 1e6).toFixed(1) + " MB" : Math.max(1, Math.round(bytes / 1e3)) + " kB";
}
