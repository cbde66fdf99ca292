"""Headless Chromium for the tests beside this file."""

from selenium import webdriver
from selenium.common.exceptions import WebDriverException


def start(*arguments):
    """Starts Chromium. On a busy machine that may take longer than its driver waits: then it is tried again."""
    options = webdriver.ChromeOptions()
    options.binary_location = "/usr/bin/chromium"
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in ["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", *arguments]:
        options.add_argument(argument)
    for attempt in range(5):
        try:
            driver = webdriver.Chrome(options=options, service=webdriver.ChromeService("/usr/bin/chromedriver"))
            driver.set_page_load_timeout(600)
            driver.set_script_timeout(600)
            return driver
        except WebDriverException:
            if attempt == 4:
                raise
