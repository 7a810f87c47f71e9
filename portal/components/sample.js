// Sends the beginning of a frame, where its header is, and tells the page what the server read in it.
export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const say = speaker(parentElement, data.words);
  const drop = parentElement.querySelector(".drop");
  const input = parentElement.querySelector("input");
  const hint = parentElement.querySelector(".hint");
  const refusal = parentElement.querySelector(".refusal");
  const read = async (file) => {
    if (!file) return;
    delete hint.dataset.say;
    hint.textContent = file.name;
    refusal.textContent = "";
    const told = await facts(data, file, say);
    if (told.detail) refusal.textContent = told.detail;
    else setStateValue("told", told);
  };
  input.onchange = () => { read(input.files[0]); input.value = ""; };
  drop.ondragover = (event) => { event.preventDefault(); drop.classList.add("over"); };
  drop.ondragleave = () => drop.classList.remove("over");
  drop.ondrop = (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    read(event.dataTransfer.files[0]);
  };
}

async function facts(data, file, say) {
  try {
    const body = file.slice(0, data.first_bytes);
    const answer = await fetch(data.url, { method: "PUT", headers: { "X-Requested-With": "tomlake" }, body });
    const told = await answer.json().catch(() => ({}));
    if (answer.ok) return told;
    return { detail: told.detail || say("The server did not accept this ({status}).", { status: answer.status }) };
  } catch {
    return { detail: say("The server does not answer: try again in a moment.") };
  }
}
