"""Draws flowcharts with Mermaid itself in headless Chromium, and prints what it drew as JSON.

mermaid.py SCREENSHOT.png CHART...
"""

import importlib.util
import json
import pathlib
import sys
import tempfile

import browser

# The bundle is a file of a Python package, which need not be imported for it.
package = pathlib.Path(importlib.util.find_spec("mmdc").origin).parent
bundle = (package / "assets" / "mermaid.js").as_uri()

shot, charts = sys.argv[1], [pathlib.Path(name).read_text(encoding="utf-8") for name in sys.argv[2:]]
driver = browser.start("--window-size=1500,1100", "--allow-file-access-from-files")
# As GitHub does it: strict about markup in labels.
draw = """
const [chart, done] = arguments;
mermaid.initialize({startOnLoad: false, securityLevel: 'strict', maxEdges: 500, maxTextSize: 50000});
mermaid.render('drawing', chart).then(result => {
  document.body.innerHTML = result.svg;
  const texts = selector => [...document.querySelectorAll(selector)].map(e => e.textContent.trim());
  done({error: null, nodes: texts('svg .node .nodeLabel'), edges: texts('svg .edgeLabel .edgeLabel'),
    clusters: texts('svg .cluster .nodeLabel'), lines: document.querySelectorAll('svg .edgePaths path').length,
    scripts: document.querySelectorAll('svg script, svg b, svg img').length});
}).catch(error => done({error: String(error)}));
"""
seen = []
try:
    with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as page:
        page.write(f"<!doctype html><meta charset=utf-8><body></body><script src='{bundle}'></script>")
        page.flush()
        for chart in charts:
            driver.get(pathlib.Path(page.name).as_uri())
            seen.append(driver.execute_async_script(draw, chart))
    driver.save_screenshot(shot)
    version = driver.execute_script("return document.querySelector('svg')?.getAttribute('aria-roledescription')")
finally:
    driver.quit()
print(json.dumps({"kind": version, "charts": seen}))
