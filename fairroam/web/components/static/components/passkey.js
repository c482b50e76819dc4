// Forms marked data-passkey ("create" or "get") ask the device for a passkey and send its answer.
// The options stand in the page (data-options: an id), or are fetched from the form's address.
"use strict";

for (const form of document.querySelectorAll("form[data-passkey]")) {
  const go = form.querySelector("[data-passkey-go]");
  const trouble = form.querySelector("[data-passkey-trouble]");
  if (!window.PublicKeyCredential) continue;
  go.hidden = false;
  go.addEventListener("click", async () => {
    trouble.hidden = true;
    if (!form.reportValidity()) return;
    try {
      const options = await optionsOf(form);
      if (form.dataset.passkey === "create") askForPasskey(options);
      const credential = await window.webauthnJSON[form.dataset.passkey](options);
      form.querySelector("[name$=credential]").value = JSON.stringify(credential);
      form.submit();
    } catch {
      trouble.hidden = false;
    }
  });
}

async function optionsOf(form) {
  const kept = form.dataset.options;
  if (kept) return JSON.parse(document.getElementById(kept).textContent);
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options;
}

// A new key must be able to sign in alone: kept on the device, opened by finger, face or PIN.
function askForPasskey(options) {
  Object.assign(options.publicKey.authenticatorSelection, {
    residentKey: "required",
    requireResidentKey: true,
    userVerification: "required",
  });
}
