// Ends the session on the server and loads the page again without it.
export default function (component) {
  const { parentElement, data } = component;
  speaker(parentElement, data.words);
  parentElement.querySelector("form").onsubmit = async (event) => {
    event.preventDefault();
    await fetch(data.url, { method: "POST", headers: { "X-Requested-With": "tomlake" } }).catch(() => null);
    location.assign(data.next);
  };
}
