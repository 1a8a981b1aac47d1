// Takes what stands behind the # of a link that was sent into the form, and out of the address bar. Sends nothing.
const field = document.querySelector("[data-from-link]");
if (field && location.hash.length > 1) {
  field.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}
