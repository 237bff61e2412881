// The frame of the few pages that the server renders itself: no script, light and dark, nothing from outside.

export const STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 42rem; margin: 12vh auto 4rem; padding: 0 1.25rem;
  color: light-dark(#1c1f23, #e6e7e9); background: light-dark(#fcfcfb, #16181b); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 2rem 0 0.5rem; }
code, pre { font: 0.92em/1.5 ui-monospace, monospace; background: light-dark(#eeeeea, #24272c); border-radius: 4px; }
code { padding: 0.1em 0.35em; } pre { padding: 0.9rem 1rem; overflow-x: auto; } pre code { padding: 0; background: none; }
a { color: light-dark(#0b5cad, #7db8f5); }
.narrow { max-width: 24rem; margin: 0 auto; } form { margin: 1.5rem 0; }
.field { display: grid; gap: 0.3rem; margin: 0 0 1rem; } label { font-weight: 550; } .check label { font-weight: 400; }
input:not([type=checkbox]) { font: inherit; padding: 0.55rem 0.7rem; border-radius: 6px; color: inherit; width: 100%; box-sizing: border-box;
  border: 1px solid light-dark(#8b919a, #6a717b); background: light-dark(#fff, #1e2125); }
input[type=checkbox] { width: 1.1rem; height: 1.1rem; vertical-align: -0.15rem; margin: 0 0.3rem 0 0; accent-color: light-dark(#0b5cad, #7db8f5); }
input[aria-invalid=true] { border-color: light-dark(#b3261e, #f2938c); }
button, .button { font: inherit; font-weight: 600; display: inline-block; padding: 0.55rem 1.1rem; border-radius: 6px; cursor: pointer; text-decoration: none;
  border: 1px solid transparent; color: light-dark(#fff, #0f1720); background: light-dark(#0b5cad, #7db8f5); }
button.quiet { color: inherit; background: none; border-color: light-dark(#8b919a, #6a717b); } button:disabled { opacity: 0.6; cursor: wait; }
:focus-visible { outline: 3px solid light-dark(#0b5cad, #7db8f5); outline-offset: 2px; }
.hint { color: light-dark(#5c626b, #9aa1ab); font-size: 0.9rem; font-weight: 400; }
.fault, .problem { color: light-dark(#a3231b, #f5a19a); font-size: 0.95rem; }
.problem { padding: 0.7rem 0.9rem; border-radius: 6px; background: light-dark(#fdecea, #3a201e); } [hidden] { display: none; }
dt { color: light-dark(#5c626b, #9aa1ab); } dd { margin: 0 0 0.75rem; }
`;

export const escaped = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** Escapes a sentence and sets what stands in back-quotes as code. */
export const prose = (text: string) => escaped(text).replace(/`([^`]+)`/g, "<code>$1</code>");

/** A whole page. `title` is plain text, `body` is HTML that we wrote. */
export function html(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="stylesheet" href="/page.css">
<link rel="icon" href="data:,">
</head>
<body>
${body}
</body>
</html>
`;
}

/** The answer with a page, a style sheet or a text. */
export const textAnswer = (text: string, type: string, status = 200) =>
  new Response(text, { status, headers: { "content-type": `${type}; charset=utf-8` } });
