// Posts name and password to the server, which answers with a cookie that no script can read; what it asks
// for beside them, a code or the terms of use, is shown once it asks.
export default function (component) {
  const { parentElement, data } = component;
  const say = speaker(parentElement, data.words);
  const form = parentElement.querySelector("form");
  const button = form.querySelector("button");
  const refusal = form.querySelector(".refusal");
  form.action = data.url;
  form.onsubmit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    refusal.textContent = "";
    refusal.textContent = await refusedBecause(form, data, say);
    button.disabled = false;
  };
}

async function refusedBecause(form, data, say) {
  try {
    const headers = { "X-Requested-With": "tomlake", Accept: "application/json" };
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(data.url, { method: "POST", headers, body });
    if (answer.ok) {
      location.assign(data.next);
      return "";
    }
    const words = await answer.json().catch(() => ({}));
    ask(form, words);
    return words.detail || say("The server did not accept this ({status}).", { status: answer.status });
  } catch {
    return say("The server does not answer: try again in a moment.");
  }
}

function ask(form, words) {
  if (words.lacks === "terms") {
    form.elements.terms.value = words.terms;
    form.querySelector(".terms").hidden = false;
    form.elements.terms.checked = false;
    form.elements.terms.focus();
  }
  if (words.lacks === "code" || words.lacks === "right code") {
    form.querySelector(".code").hidden = false;
    form.elements.code.value = "";
    form.elements.code.focus();
  }
}
