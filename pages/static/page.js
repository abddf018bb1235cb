// What every page does beside its values: the theme button, and forms that send themselves.
"use strict";
(() => {
  const root = document.documentElement;
  const next = { "": "light", light: "dark", dark: "" };
  const YEAR_S = 31536000;
  root.classList.remove("no-script");

  document.querySelectorAll("[data-theme-toggle]").forEach(link => link.addEventListener("click", event => {
    event.preventDefault();
    const theme = next[root.dataset.theme ?? ""];
    if (theme) root.dataset.theme = theme; else delete root.dataset.theme;
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR_S : 0}; samesite=lax`;
    root.dispatchEvent(new Event("themechange"));
  }));

  document.querySelectorAll("[data-print]").forEach(button => {
    button.hidden = false;
    button.addEventListener("click", () => print());
  });

  document.querySelectorAll("form[data-sends-itself]").forEach(form => {
    form.querySelectorAll("[data-no-script]").forEach(button => { button.hidden = true; });
    form.addEventListener("change", () => { if (form.checkValidity()) form.requestSubmit(); });
  });
})();
