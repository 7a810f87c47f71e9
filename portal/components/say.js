// What an element says, in the language of its reader: words has the shown text of each English one that differs.
function speaker(parent, words) {
  const say = (text, values = {}) =>
    (words[text] ?? text).replace(/\{(\w+)\}/g, (hole, name) => values[name] ?? hole);
  for (const node of parent.querySelectorAll("[data-say]")) tell(node, say(node.dataset.say));
  return say;
}

// Square brackets in a text are the place of the link within the node.
function tell(node, text) {
  const link = node.querySelector("a");
  if (node.matches("input")) node.setAttribute("aria-label", text);
  else if (link) {
    const [before, linked, after] = /\[.*\]/.test(text) ? text.split(/[[\]]/) : ["", text, ""];
    link.textContent = linked;
    node.replaceChildren(before, link, after);
  } else node.textContent = text;
}

