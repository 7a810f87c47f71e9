// Sends the beginning of a frame, where its header is, and tells the page what the server read in it.
export default function (component) {
  const { parentElement, data, setStateValue } = component;
  const drop = parentElement.querySelector(".drop");
  const input = parentElement.querySelector("input");
  const hint = parentElement.querySelector(".hint");
  const refusal = parentElement.querySelector(".refusal");
  const read = async (file) => {
    if (!file) return;
    hint.textContent = file.name;
    refusal.textContent = "";
    const told = await facts(data, file);
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

async function facts(data, file) {
  try {
    const body = file.slice(0, data.first_bytes);
    const answer = await fetch(data.url, { method: "PUT", headers: { "X-Requested-With": "tomlake" }, body });
    const told = await answer.json().catch(() => ({}));
    return answer.ok ? told : { detail: told.detail || "The server did not accept this (" + answer.status + ")." };
  } catch {
    return { detail: "The server does not answer: try again in a moment." };
  }
}
