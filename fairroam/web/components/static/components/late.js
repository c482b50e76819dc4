// A field marked data-late brings its library along when it is first used: until then the page is
// light. What was typed meanwhile counts, too. The form works without it.
"use strict";

for (const field of document.querySelectorAll("[data-late]"))
  field.addEventListener("focus", () => bring(field), { once: true });

function bring(field) {
  // The library begins at once only where the whole page has come.
  if (document.readyState !== "complete") return addEventListener("load", () => bring(field));
  const script = document.createElement("script");
  script.src = field.dataset.late;
  script.addEventListener("load", () => field.value && field.dispatchEvent(new Event("typed")));
  document.head.append(script);
}
