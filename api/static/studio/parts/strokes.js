/** Strokes of a brush on a transparent layer, and the layer as a mask: white where painted, black elsewhere. */

const PAINT = "rgb(226 33 138)";

export function surface({ width, height }) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** One stroke, or only its part from one point on, which is drawn while it is made. */
export function drawStroke(context, { erase, size, points }, from = 0) {
  context.save();
  context.globalCompositeOperation = erase ? "destination-out" : "source-over";
  Object.assign(context, { fillStyle: PAINT, strokeStyle: PAINT, lineWidth: size, lineCap: "round", lineJoin: "round" });
  const [start, ...others] = points.slice(Math.max(from - 1, 0));
  context.beginPath();
  if (others.length) {
    context.moveTo(start.x, start.y);
    for (const { x, y } of others) context.lineTo(x, y);
    context.stroke();
  } else {
    context.arc(start.x, start.y, size / 2, 0, 2 * Math.PI); // a line without length may leave nothing
    context.fill();
  }
  context.restore();
}

/** Everything again: the mask there was, then each stroke; a stroke that clears begins anew. */
export function redraw(canvas, base, strokes) {
  const context = canvas.getContext("2d");
  const begin = strokes.findLastIndex(({ clear }) => clear);
  context.clearRect(0, 0, canvas.width, canvas.height);
  if (base && begin < 0) context.drawImage(base, 0, 0);
  for (const stroke of strokes.slice(begin + 1)) drawStroke(context, stroke);
}

export function isBlank(canvas) {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 3; at < data.length; at += 4) if (data[at]) return false;
  return true;
}

/** A mask's file as a painted layer of this size. */
export async function layerOf(source, size) {
  const canvas = surface(size);
  const context = canvas.getContext("2d");
  context.drawImage(await pictureAt(source), 0, 0, size.width, size.height);
  const pixels = context.getImageData(0, 0, size.width, size.height);
  for (let at = 0; at < pixels.data.length; at += 4) pixels.data[at + 3] = pixels.data[at];
  context.putImageData(pixels, 0, 0);
  return tinted(canvas, PAINT);
}

export async function pictureAt(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

export function maskFile(canvas) {
  const mask = tinted(canvas, "white");
  const context = mask.getContext("2d");
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = "black";
  context.fillRect(0, 0, mask.width, mask.height);
  return new Promise((done) => mask.toBlob((blob) => done(new File([blob], "mask.png", { type: "image/png" }))));
}

/** A copy with another colour wherever there is any. */
function tinted(canvas, colour) {
  const copy = surface(canvas);
  const context = copy.getContext("2d");
  context.drawImage(canvas, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = colour;
  context.fillRect(0, 0, copy.width, copy.height);
  return copy;
}
