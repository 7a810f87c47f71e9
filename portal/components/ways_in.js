// A button for each sign-in service: asks the server where to go, and goes there.
export default function (component) {
  const { parentElement, data } = component;
  const say = speaker(parentElement, data.words);
  const refusal = parentElement.querySelector(".refusal");
  const buttons = data.ways.map((way) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = way.label;
    button.onclick = async () => {
      button.disabled = true;
      refusal.textContent = "";
      refusal.textContent = await refusedBecause(data.url + "/" + way.name, data.next, say);
      button.disabled = false;
    };
    return button;
  });
  parentElement.querySelector(".ways").replaceChildren(...buttons);
}

async function refusedBecause(url, next, say) {
  try {
    const headers = { "X-Requested-With": "tomlake", Accept: "application/json" };
    const answer = await fetch(url, { method: "POST", headers, body: new URLSearchParams({ next }) });
    const words = await answer.json().catch(() => ({}));
    if (answer.ok && words.go_to) {
      location.assign(words.go_to);
      return "";
    }
    return words.detail || say("The server did not accept this ({status}).", { status: answer.status });
  } catch {
    return say("The server does not answer: try again in a moment.");
  }
}
