// Draws the charts of a seawall report from the data element; everything else is plain HTML.
(function () {
  "use strict";
  var charts = JSON.parse(document.getElementById("data").textContent);
  var heights = { equity: 330, drawdown: 180, exposure: 200, positions: 250 };
  var drawn = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function times(chart) {
    var at = chart.start;
    return [at].concat(chart.steps.map(function (step) { return (at += step); }));
  }

  function compact(value) {
    var size = Math.abs(value);
    if (size >= 1e9) return value / 1e9 + "B";
    if (size >= 1e6) return value / 1e6 + "M";
    if (size >= 1e4) return value / 1e3 + "k";
    return value.toLocaleString("en-US");
  }

  function minus(text) { return text.replace("-", "\u2212"); }

  function axisText(unit) {
    return function (plot, splits) {
      return splits.map(function (value) {
        return minus(unit === "percent" ? Number(value.toFixed(6)) + "%" : compact(value));
      });
    };
  }

  function legendText(unit) {
    return function (plot, value) {
      if (value == null) return "\u2013";
      var digits = unit === "percent" ? 2 : Math.abs(value) < 1000 ? 2 : 0;
      var text = value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
      return minus(text) + (unit === "percent" ? "%" : "");
    };
  }

  var DAY = 86400;
  var year = "\n{YYYY}", date = "\n{D} {MMM} {YYYY}";
  var timeText = [
    [DAY * 365, "{YYYY}", null, null, null, null, null, null, 1],
    [DAY * 28, "{MMM}", year, null, null, null, null, null, 1],
    [DAY, "{D} {MMM}", year, null, null, null, null, null, 1],
    [60, "{HH}:{mm}", date, null, date, null, null, null, 1],
    [1, "{HH}:{mm}:{ss}", date, null, date, null, null, null, 1]
  ];

  function utc(seconds) { return uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"); }

  function series(chart) {
    var spanned = chart.steps.reduce(function (a, b) { return a + b; }, 0);
    var named = spanned > 10 * DAY ? "{YYYY}-{MM}-{DD}" : "{YYYY}-{MM}-{DD} {HH}:{mm}";
    var lines = chart.lines.map(function (line, place) {
      var ink = colour("c" + (place % 7 + 1));
      var one = { label: line.label, stroke: ink, width: 1.4, points: { show: false }, value: legendText(chart.unit) };
      if (line.fill) one.fill = ink + "2e";
      if (line.step) one.paths = uPlot.paths.stepped({ align: 1 });
      return one;
    });
    return [{ label: "UTC", value: named }].concat(lines);
  }

  function axes(chart, width) {
    var font = "12px system-ui, -apple-system, Segoe UI, Roboto, Arial, sans-serif";
    function axis(more) {
      var base = {
        stroke: colour("axis"), font: font, grid: { stroke: colour("grid"), width: 1 },
        ticks: { stroke: colour("rule"), width: 1, size: 4 }
      };
      return Object.assign(base, more);
    }
    return [
      axis({ values: timeText, space: width < 500 ? 56 : 72, gap: 4, size: 42, grid: { show: false } }),
      axis({ values: axisText(chart.unit), size: 52, space: 34, gap: 4 })
    ];
  }

  function last(plot) { plot.setLegend({ idx: plot.data[0].length - 1 }, false); }

  function draw(chart) {
    var place = document.getElementById("chart-" + chart.key);
    if (!place) return;
    place.textContent = "";
    var width = place.clientWidth;
    var plot = new uPlot({
      width: width, height: heights[chart.key] * (width < 500 ? 0.8 : 1),
      tzDate: utc, series: series(chart), axes: axes(chart, width),
      scales: { x: { time: true } }, padding: [10, 12, 0, 0],
      cursor: { sync: { key: "run" }, points: { size: 5 } },
      legend: { live: true },
      hooks: { ready: [last], setCursor: [function (p) { if (p.cursor.idx == null) last(p); }] }
    }, [times(chart)].concat(chart.lines.map(function (line) { return line.values; })), place);
    drawn.push({ plot: plot, place: place, key: chart.key });
  }

  function drawAll() {
    drawn.forEach(function (one) { one.plot.destroy(); });
    drawn = [];
    charts.forEach(draw);
  }

  drawAll();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  var width = window.innerWidth, waiting = null;
  addEventListener("resize", function () {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(drawAll, 120);
  });
})();
