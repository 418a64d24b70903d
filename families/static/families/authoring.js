// The author's pages, made easier to fill in; without this script the same boxes hold the same text.
import { editDocuments } from "./documents.js";
import { editOptions } from "./options.js";
import { fillColumns, saveFirst, showFirstMistake, submitOnChange } from "./pages.js";

editOptions(document);
editDocuments(document);
fillColumns(document);
submitOnChange(document);
saveFirst(document);
showFirstMistake(document);
document.addEventListener("formset:added", (event) => editOptions(event.target));
