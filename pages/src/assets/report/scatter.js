// Shows the row of the chosen point of a scatter plot, and hides and shows classes.

const element = document.getElementById("points");
const data = element ? JSON.parse(element.textContent) : null;
const sprites = document.getElementById("sprites");
// Distance in pixels of the screen up to which a pointer chooses a point.
const REACH = 24;
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };

function centerOf(mark) {
  const box = mark.getBBox();
  return [box.x + box.width / 2, box.y + box.height / 2];
}

// Draws the picture of a point on the canvas, enlarged by a whole number so that its pixels stay square.
function drawSprite(canvas, index) {
  const { columns, width, height } = data.sprites;
  const zoom = Math.max(1, Math.floor(160 / Math.max(width, height)));
  canvas.width = width * zoom;
  canvas.height = height * zoom;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  const left = (index % columns) * width;
  const top = Math.floor(index / columns) * height;
  context.drawImage(sprites, left, top, width, height, 0, 0, canvas.width, canvas.height);
}

function valuesTable(index) {
  const table = document.createElement("table");
  data.columns.forEach((name, column) => {
    const row = table.insertRow();
    row.insertCell().textContent = name;
    row.insertCell().textContent = data.values[index][column];
  });
  if (data.hidden_columns > 0) {
    table.insertRow().insertCell().textContent = `and ${data.hidden_columns} more columns`;
  }
  return table;
}

function setUp(figure) {
  const plot = figure.querySelector(".plot");
  const svg = plot.querySelector("svg");
  const marks = [...svg.querySelectorAll(".k")];
  const centers = marks.map(centerOf);
  const canvas = figure.querySelector("canvas");
  const detail = figure.querySelector(".detail-text");
  let chosen = -1;

  const isVisible = (index) => !marks[index].classList.contains("off");

  function choose(index) {
    if (index < 0 || index === chosen) return;
    marks[chosen]?.classList.remove("chosen");
    chosen = index;
    marks[chosen].classList.add("chosen");
    detail.replaceChildren(data.texts[index]);
    if (data.sprites) {
      canvas.hidden = false;
      drawSprite(canvas, index);
      canvas.setAttribute("aria-label", data.texts[index]);
    } else if (data.values) {
      detail.append(valuesTable(index));
    }
  }

  // Returns the visible point with the smallest cost; -1 if none has a finite one.
  function best(cost) {
    let [found, smallest] = [-1, Infinity];
    centers.forEach((center, index) => {
      if (!isVisible(index)) return;
      const value = cost(center, index);
      if (value < smallest) [found, smallest] = [index, value];
    });
    return found;
  }

  function chooseAt(event) {
    const box = svg.getBoundingClientRect();
    const scale = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale;
    const y = (event.clientY - box.top) * scale;
    const reach = REACH * scale;
    choose(best((center) => {
      const distance = Math.hypot(center[0] - x, center[1] - y);
      return distance <= reach ? distance : Infinity;
    }));
  }

  // Chooses the nearest point within 45 degrees of the direction.
  function step([right, down]) {
    if (chosen < 0) {
      const { width, height } = svg.viewBox.baseVal;
      choose(best((center) => Math.hypot(center[0] - width / 2, center[1] - height / 2)));
      return;
    }
    const from = centers[chosen];
    choose(best((center, index) => {
      const [x, y] = [center[0] - from[0], center[1] - from[1]];
      const along = x * right + y * down;
      const across = Math.abs(x * down) + Math.abs(y * right);
      return index !== chosen && along > 0 && across <= along ? Math.hypot(x, y) : Infinity;
    }));
  }

  plot.addEventListener("pointermove", chooseAt);
  plot.addEventListener("pointerdown", chooseAt);
  plot.addEventListener("keydown", (event) => {
    const direction = ARROWS[event.key];
    if (!direction) return;
    event.preventDefault();
    step(direction);
  });
  figure.querySelectorAll(".legend button").forEach((button) => {
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      const { colour } = button.dataset;
      marks.filter((mark) => mark.dataset.colour === colour)
        .forEach((mark) => mark.classList.toggle("off", !isOn));
    });
  });
}

if (data) document.querySelectorAll("figure.scatter").forEach(setUp);
