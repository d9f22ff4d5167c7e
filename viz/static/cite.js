"use strict";
// Copies a claim's words and reference as plain text. Works without a network, on a file or a server page.
(() => {
  document.documentElement.classList.add("scripted");

  // The clipboard interface is missing where a page is not trusted; a selection can still be copied.
  const copySelection = (text) => {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "away";
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  };

  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const citation = (card) => {
    const text = (selector) => card.querySelector(selector)?.textContent ?? "";
    const words = card.querySelector(".words");
    const exact = words?.closest("blockquote");
    const title = text(".facts > :first-child .title");
    const speaker = text(".speaker bdi"), via = [text(".via .publisher"), text(".via time")].filter(Boolean).join(" ");
    return [
      words ? (exact ? `“${words.textContent}”` : `Paraphrase: ${words.textContent}`) : "",
      [text(".who .publisher"), title && `“${title}”`, text(".who time") || "undated", via && `citing ${via}`,
        card.querySelector("footer a[rel]")?.href].filter(Boolean).join(", ") + ".",
      `Stance: ${text(".badge")}${speaker && `, speaker: ${speaker}`}.`,
      `${meta("application-name")}, claim ${card.dataset.claim}${meta("ledger-head") && `, ledger head ${meta("ledger-head")}`}.`,
    ].filter(Boolean).join(" ");
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.cite");
    if (!button) return;
    const text = citation(button.closest(".claim"));
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      done = copySelection(text);
      button.focus();
    }
    button.textContent = done ? "Copied" : "Copying is blocked";
    setTimeout(() => { button.textContent = "Copy citation"; }, 2000);
  });
})();
