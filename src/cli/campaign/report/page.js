// Filters the scenarios and changes the theme; everything can be read without it.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const rows = [...document.querySelectorAll(".scenarios tr[data-text]")];

  function filter() {
    const wanted = $("find").value.trim().toLowerCase().split(/\s+/);
    const only = document.querySelector('input[name="only"]:checked').value;
    let shown = 0;
    for (const row of rows) {
      const fits = (only === "all" || row.dataset[only] !== undefined) && wanted.every((word) => row.dataset.text.includes(word));
      row.hidden = !fits;
      shown += fits;
    }
    document.querySelectorAll(".scenarios tbody").forEach((body) => {
      body.hidden = ![...body.querySelectorAll("tr[data-text]")].some((row) => !row.hidden);
    });
    $("shown").textContent = `${shown.toLocaleString("en")} of ${rows.length.toLocaleString("en")} shown`;
    document.body.dataset.shown = shown;
  }

  const THEMES = ["auto", "light", "dark"];
  let theme = 0;
  $("theme").hidden = false;
  $("theme").addEventListener("click", () => {
    theme = (theme + 1) % THEMES.length;
    if (theme === 0) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = THEMES[theme];
    $("theme").textContent = `theme: ${THEMES[theme]}`;
  });
  document.querySelectorAll(".tools").forEach((tools) => {
    tools.hidden = false;
    tools.addEventListener("input", filter);
  });
  // On paper nothing can be opened.
  const open = new Set();
  addEventListener("beforeprint", () => document.querySelectorAll("details:not([open])").forEach((one) => { one.open = true; open.add(one); }));
  addEventListener("afterprint", () => { open.forEach((one) => { one.open = false; }); open.clear(); });
  filter();
  document.body.dataset.rows = rows.length;
})();
