/* What is measured inside of a page. Put in before the page's own scripts, with the
 * selectors of the product in the place of `$names`. Times are the page's: milliseconds since the navigation began. */
(() => {
  const names = $names;
  const bench = { names, longTasks: [], editorAt: null, paintAt: null, lastChangeAt: 0, mutations: 0 };
  window.bench = bench;

  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      bench.longTasks.push({ at: entry.startTime, ms: entry.duration });
    }
  }).observe({ type: "longtask", buffered: true });
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if (entry.name === "first-contentful-paint") bench.paintAt = entry.startTime;
    }
  }).observe({ type: "paint", buffered: true });

  /** Calls back when the next frame has been drawn. */
  const painted = (then) => {
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => then(performance.now());
      channel.port2.postMessage(0);
    });
  };

  const listeners = new Set();
  const began = () => {
    new MutationObserver((records) => {
      bench.mutations += 1;
      bench.lastChangeAt = performance.now();
      for (const listener of [...listeners]) listener(records);
    }).observe(document, { subtree: true, childList: true, characterData: true });
  };
  began();

  const onChange = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  const stopEditor = onChange(() => {
    if (!document.querySelector(names.editor)) return;
    bench.editorAt = performance.now();
    stopEditor();
  });

  /** When `holds` was first true after a change, and when that was drawn; null after `withinMs`. */
  bench.when = (holds, withinMs) =>
    new Promise((resolve) => {
      const found = () => {
        const dom = performance.now();
        painted((paint) => resolve({ dom, paint }));
      };
      if (holds()) return found();
      const stop = onChange(() => {
        if (!holds()) return;
        stop();
        clearTimeout(timer);
        found();
      });
      const timer = setTimeout(() => {
        stop();
        resolve(null);
      }, withinMs);
    });

  bench.texts = (selector) =>
    [...document.querySelectorAll(selector)].map((element) => element.textContent);
  bench.outputs = () => bench.texts(names.output).join("\n");

  /** From Shift+Enter to one more output that says `result`. */
  bench.watchRuns = (result) => {
    bench.runs = [];
    const count = () => bench.texts(names.output).filter((text) => text.trim() === result).length;
    let asked = null;
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Enter" && event.shiftKey) {
          asked = { at: event.timeStamp, target: count() + 1 };
        }
      },
      true,
    );
    onChange(() => {
      if (!asked || count() < asked.target) return;
      const { at } = asked;
      asked = null;
      const dom = performance.now() - at;
      painted((now) => bench.runs.push({ dom, paint: now - at }));
    });
  };

  /** From a letter's keydown to the frame that shows it in an editor. */
  bench.watchKeys = () => {
    bench.keys = [];
    bench.keysAt = [];
    let at = null;
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key.length === 1) {
          at = event.timeStamp;
          bench.keysAt.push(performance.timeOrigin + at);
        }
      },
      true,
    );
    onChange((records) => {
      if (at === null) return;
      const isEditor = records.some(({ target }) => {
        const element = target instanceof Element ? target : target.parentElement;
        return element?.closest(".cm-content");
      });
      if (!isEditor) return;
      const began = at;
      at = null;
      painted((now) => bench.keys.push(now - began));
    });
  };

  /** When the text of the first editor changes, on the clock that all pages share. */
  bench.watchText = () => {
    bench.changedAt = [];
    const read = () => document.querySelector(names.editor)?.textContent;
    let last = read();
    onChange(() => {
      const text = read();
      if (text === last) return;
      last = text;
      bench.changedAt.push(performance.timeOrigin + performance.now());
    });
  };

  /** The numbers that were drawn, each once, since Enter. */
  bench.watchSteps = (pattern) => {
    bench.steps = new Set();
    document.addEventListener(
      "keydown",
      (event) => {
        if (event.key === "Enter") bench.asked = event.timeStamp;
      },
      true,
    );
    onChange(() => {
      for (const [, step] of bench.outputs().matchAll(pattern)) bench.steps.add(step);
    });
  };

  /** A button of ours; each press to the frame that answers it. */
  bench.addButton = () => {
    bench.clicks = [];
    const button = document.createElement("button");
    button.textContent = "0";
    button.id = "bench-button";
    button.style.cssText =
      "position:fixed;left:4px;bottom:4px;width:60px;height:24px;z-index:2147483647";
    button.addEventListener("pointerdown", (event) => {
      button.textContent = String(Number(button.textContent) + 1);
      painted((now) => bench.clicks.push(now - event.timeStamp));
    });
    document.body.append(button);
  };

  const scroller = () => {
    let element = document.querySelector(names.cell)?.parentElement;
    for (; element && element !== document.body; element = element.parentElement) {
      const { overflowY } = getComputedStyle(element);
      const scrolls = overflowY === "auto" || overflowY === "scroll";
      if (scrolls && element.scrollHeight > element.clientHeight + 50) return element;
    }
    return document.scrollingElement;
  };

  const isBlank = () => {
    const y = innerHeight / 2;
    return ![-14, 0, 14].some((off) =>
      document.elementsFromPoint(innerWidth / 2, y + off).some((element) => {
        const cell = element.closest(names.cell);
        return cell && [...cell.querySelectorAll(names.finished)].some((part) => part.textContent);
      }),
    );
  };

  /** Top to bottom, so many pixels a frame; what was dropped, blank and long. */
  bench.scroll = (step, withinMs) =>
    new Promise((resolve) => {
      const place = scroller();
      const gaps = [];
      let [blank, probes, last, stuck] = [0, 0, null, 0];
      const start = performance.now();
      const done = (reached) => {
        const frames = gaps.reduce((sum, gap) => sum + Math.max(1, Math.round(gap / 16.667)), 0);
        const tasks = bench.longTasks.filter(({ at }) => at >= start).map(({ ms }) => ms);
        resolve({
          seconds: (performance.now() - start) / 1000,
          frames,
          dropped_percent: (100 * (frames - gaps.length)) / Math.max(1, frames),
          worst_gap_ms: Math.max(0, ...gaps),
          longest_task_ms: Math.max(0, ...tasks),
          blank_percent: (100 * blank) / Math.max(1, probes),
          reached,
        });
      };
      const frame = (now) => {
        if (last !== null) gaps.push(now - last);
        last = now;
        if (gaps.length % 5 === 0) {
          probes += 1;
          if (isBlank()) blank += 1;
        }
        const before = place.scrollTop;
        place.scrollTop += step;
        const isEnd = place.scrollTop + place.clientHeight >= place.scrollHeight - 2;
        stuck = place.scrollTop === before ? stuck + 1 : 0;
        if (isEnd && stuck > 20) return done(true);
        if (now - start > withinMs) return done(false);
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    });

  /** When the page came to rest: no long task and no change for `quietMs`. */
  bench.rest = (quietMs, withinMs) =>
    new Promise((resolve) => {
      const look = () => {
        const task = bench.longTasks.at(-1);
        const busy = Math.max(task ? task.at + task.ms : 0, bench.editorAt ?? 0);
        const now = performance.now();
        if (now - busy > quietMs) return resolve(busy);
        if (now > withinMs) return resolve(null);
        setTimeout(look, 100);
      };
      look();
    });

  bench.longest = (since) =>
    Math.max(0, ...bench.longTasks.filter(({ at }) => at >= since).map(({ ms }) => ms));
})();
