// The secret of a link stands behind its #, which no server is told; this puts it into the form and sends that.
"use strict";
(() => {
  const form = document.querySelector("form[data-secret]");
  const secret = location.hash.slice(1);
  if (!form || !secret) return;
  form.elements.code.value = secret;
  // Not in the history of this browser, and not in a screenshot.
  history.replaceState(null, "", location.pathname);
  if (form.dataset.secret === "send") form.requestSubmit();
  else form.elements.code.closest(".field").hidden = true;
})();
