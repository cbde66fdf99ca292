"""Opens a chart in headless Chromium, uses it as a reader would, and prints what it saw as JSON.

chart.py PAGE SCREENSHOT-DIRECTORY
"""

import json
import sys
import time

import browser
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

page, shots = sys.argv[1], sys.argv[2]
driver = browser.start("--window-size=1500,900")
saw = {}


def rows():
    return driver.find_elements(By.CSS_SELECTOR, "#list .row")


def names():
    return [row.find_element(By.CSS_SELECTOR, ".name").text for row in rows()]


def selected():
    chosen = driver.find_elements(By.CSS_SELECTOR, "#list [aria-selected=true] .name")
    return [row.text for row in chosen]


try:
    start = time.monotonic()
    driver.get("file://" + page)
    saw["ready"] = driver.find_element(By.TAG_NAME, "html").get_attribute("data-ready")
    saw["seconds"] = time.monotonic() - start
    saw["rows"] = len(rows())
    saw["lines"] = len(driver.find_elements(By.CSS_SELECTOR, "#canvas .edge"))
    saw["regions"] = [text.text for text in driver.find_elements(By.CSS_SELECTOR, "#canvas .head")]
    saw["label"] = driver.find_element(By.CSS_SELECTOR, "#canvas svg").get_attribute("aria-label")
    driver.save_screenshot(shots + "/light.png")

    # The keyboard alone: into the list, down, and the trace follows.
    listing = driver.find_element(By.ID, "list")
    listing.send_keys(Keys.ARROW_DOWN)
    saw["first"] = selected()
    listing.send_keys(Keys.ARROW_DOWN)
    saw["second"] = selected()
    active = listing.get_attribute("aria-activedescendant")
    saw["active"] = driver.find_element(By.ID, active).get_attribute("aria-selected")
    saw["trace"] = driver.find_element(By.ID, "trace").text
    saw["lit"] = len(driver.find_elements(By.CSS_SELECTOR, "#canvas .edge.lit"))
    saw["hash"] = driver.execute_script("return location.hash")
    driver.save_screenshot(shots + "/selected.png")

    # '/' goes to the search; what does not match disappears.
    driver.find_element(By.TAG_NAME, "body").send_keys("/")
    saw["focus"] = driver.switch_to.active_element.get_attribute("id")
    driver.switch_to.active_element.send_keys(names()[0].split("/")[0])
    saw["found"] = len(rows())
    saw["count"] = driver.find_element(By.ID, "count").text
    driver.switch_to.active_element.send_keys("no such thing")
    saw["nothing"] = driver.find_element(By.ID, "list").text
    driver.find_element(By.ID, "reset").click()
    # The page answers a moment later.
    WebDriverWait(driver, 600).until(lambda _: len(rows()) == saw["rows"])
    saw["again"] = len(rows())

    # A verdict's button shows its connections only, and says that it is pressed.
    chip = driver.find_element(By.CSS_SELECTOR, "#verdicts button")
    chip.click()
    chip = driver.find_element(By.CSS_SELECTOR, "#verdicts button")
    saw["pressed"] = chip.get_attribute("aria-pressed")
    saw["chip"] = chip.text
    saw["ofVerdict"] = len(rows())
    chip.click()

    before = driver.execute_script("return getComputedStyle(document.body).backgroundColor")
    driver.find_element(By.ID, "theme").click()
    saw["themes"] = [before, driver.execute_script("return getComputedStyle(document.body).backgroundColor")]
    driver.save_screenshot(shots + "/dark.png")

    driver.set_window_size(420, 900)
    saw["overflow"] = driver.execute_script(
        "return document.documentElement.scrollWidth > document.documentElement.clientWidth + 1")
    driver.save_screenshot(shots + "/narrow.png")
    saw["requests"] = driver.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    saw["errors"] = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
finally:
    driver.quit()
print(json.dumps(saw))
