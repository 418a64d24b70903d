#!/bin/sh
# The browser tests drive Chromium: install it where that is possible without asking, else say that they skip.
if command -v chromedriver >/dev/null && { command -v chromium || command -v google-chrome; } >/dev/null; then
    exit 0
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the browser tests"
    export DEBIAN_FRONTEND=noninteractive
    { timeout 120 apt-get update -qq; timeout 300 apt-get install -y -qq chromium chromium-driver; } \
        </dev/null >/dev/null 2>&1 && exit 0
fi
echo "Chromium and chromedriver are not installed: the browser tests are skipped."
