"""The browser part of the bench: the pages of the products, in a real headless Chromium.

`notebooks.py` what is opened, `desk.py` how each product's page is read, `watch.js` what is
measured inside of the page, `visitor.py` the browser, `scenarios.py` what a person does,
`rows.py` the table.
"""
