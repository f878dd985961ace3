
// What the real page posts is not documented: this object, to any parent, is a guess.
parent.postMessage(JSON.parse(document.getElementById("response").dataset.response), "*");
