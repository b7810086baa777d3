#!/bin/sh
# A Chromium for the browser tests: what is installed, else Debian's package where apt and
# root are there, else Playwright's own build. $1: the Python that has playwright.
# The headless build is taken first: it draws the same at two thirds of the work.
set -eu
for name in chromium-headless-shell chromium chromium-browser google-chrome google-chrome-stable; do
  if command -v "$name" >/dev/null 2>&1; then
    echo "browser: $(command -v "$name")"
    exit 0
  fi
done
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  for name in chromium-headless-shell chromium; do
    if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
      "$name" fonts-dejavu-core >/dev/null; then
      echo "browser: $(command -v "$name")"
      exit 0
    fi
  done
  echo "browser: apt has none" >&2
  exit 1
fi
exec "$1" -m playwright install --with-deps chromium
