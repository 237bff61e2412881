// What runs in the browser on the pages of signing in: it reads the setup token from the fragment, which no server and
// no log ever sees, and sends forms as JSON, because a form's own encoding is refused (reliability.md D4).

export const ACCOUNT_SCRIPT = `"use strict";
const form = document.querySelector("form[data-post]");
const problem = document.getElementById("problem");

const say = (text) => {
  problem.textContent = text;
  problem.hidden = text === "";
};

const mark = (name, text) => {
  const field = form.elements[name];
  const place = document.getElementById(name + "-problem");
  if (!field || !place) return false;
  field.setAttribute("aria-invalid", String(text !== ""));
  place.textContent = text.charAt(0).toUpperCase() + text.slice(1);
  place.hidden = text === "";
  return true;
};

const readFields = () => {
  const fields = {};
  for (const { name, value } of form.querySelectorAll("input[name]")) fields[name] = value;
  if ("token" in form.dataset) fields.token = new URLSearchParams(location.hash.slice(1)).get("t") ?? "";
  return fields;
};

const tell = (answer) => {
  const details = answer?.error?.details ?? [];
  const marked = details.filter(({ field, message }) => mark(field, message));
  if (marked.length > 0) form.elements[marked[0].field].focus();
  else {
    say(answer?.message ?? "The server did not answer as expected. Try again.");
    form.querySelector("input[name]")?.focus();
  }
};

const post = async (path, fields) => {
  const answer = await fetch(path, {
    method: "POST",
    headers: fields ? { "content-type": "application/json" } : {},
    body: fields ? JSON.stringify(fields) : null,
  });
  return { ok: answer.ok, status: answer.status, body: await answer.json().catch(() => null) };
};

const send = async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  for (const { name } of form.querySelectorAll("input[name]")) mark(name, "");
  say("");
  button.disabled = true;
  try {
    const { ok, status, body } = await post(form.dataset.post, form.querySelector("input[name]") ? readFields() : null);
    if (ok || (status === 401 && form.dataset.post.endsWith("/logout"))) location.assign("/");
    else tell(body);
  } catch {
    say("The server cannot be reached. Is imail running?");
  } finally {
    button.disabled = false;
  }
};

form?.addEventListener("submit", send);

const shown = document.getElementById("show-password");
shown?.addEventListener("change", () => {
  form.elements.password.type = shown.checked ? "text" : "password";
});

if (form && "token" in form.dataset && !new URLSearchParams(location.hash.slice(1)).get("t")) {
  say("This page works with the whole link that imail printed when it started, up to its end.");
}
`;
