(() => {
  const say = (text) => {
    const place = document.getElementById("bcd-trouble");
    place.textContent = text;
    place.hidden = !text;
  };
  document.title = limits.title;

  // what goes wrong
  const shown = () => document.getElementById("rendered_cells")?.style.display !== "none";
  const late = "The page could not be made, or takes very long. Reload it; the terminal in which bcd app runs says why.";
  const failed = "The page could not be made. The terminal in which bcd app runs says why.";
  addEventListener("load", () => setTimeout(() => shown() || say(late), 30000));
  setTimeout(() => shown() || say(late), 180000);
  addEventListener("DOMContentLoaded", () => {
    if (document.querySelector('[data-mime-type="application/vnd.jupyter.stderr"], [data-mime-type*="error"]')) say(failed);
    const given = document.getElementById("jupyter-config-data");
    if (!given) return say(failed);
    const { baseUrl, kernelId } = JSON.parse(given.textContent);
    const asking = setInterval(async () => {
      const answer = await fetch(`${baseUrl}api/kernels/${kernelId}`).catch(() => null);
      if (answer?.ok) return;
      say(answer ? "This session has ended, after a long pause say. Reload the page to begin anew."
        : "The program that makes this page has stopped, or cannot be reached.");
      clearInterval(asking);
    }, 10000);
  });

  // files: chosen by the button or dropped anywhere; too many or too large ones are not sent
  const known = new WeakSet();
  const click = HTMLInputElement.prototype.click;
  let dropped = null;
  const check = (event) => {
    const files = [...event.target.files];
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    const refused = files.length > limits.files || bytes > limits.megabytes * 1e6;
    say(refused ? `Not sent: at most ${limits.files} files, ${limits.megabytes} MB together.` : "");
    if (refused) event.stopImmediatePropagation();
  };
  HTMLInputElement.prototype.click = function () {
    if (this.type !== "file") return click.call(this);
    if (!known.has(this)) this.addEventListener("change", check, true);
    known.add(this);
    if (!dropped) return click.call(this);
    this.files = dropped;
    dropped = null;
    this.dispatchEvent(new Event("change"));
  };
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    event.preventDefault();
    if (event.dataTransfer?.files.length) dropped = event.dataTransfer.files;
    if (dropped) document.querySelector(".widget-upload")?.click();
    dropped = null;  // else, where there is no button yet, its first click would send them
  });

  // names for sliders, which their library leaves without, and no count of files on a button that keeps none
  new MutationObserver(() => {
    for (const button of document.querySelectorAll(".widget-upload")) {
      for (const text of button.childNodes) if (text.nodeValue?.endsWith(" (0)")) text.nodeValue = text.nodeValue.slice(0, -4);
    }
    for (const handle of document.querySelectorAll(".noUi-handle:not([aria-label])")) {
      let place = handle;
      while (place && !place.querySelector(".widget-label")) place = place.parentElement;
      const text = place?.querySelector(".widget-label").textContent;
      if (text) handle.setAttribute("aria-label", text);
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
