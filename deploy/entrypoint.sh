#!/bin/sh
# numba takes compiled code only from a folder that it may also write to, which nothing in the image is.
if [ -d /app/engine ] && [ ! -e "$NUMBA_CACHE_DIR" ]; then
  rm -rf "$NUMBA_CACHE_DIR.part" && cp -R /app/engine "$NUMBA_CACHE_DIR.part" && mv "$NUMBA_CACHE_DIR.part" "$NUMBA_CACHE_DIR"
fi
exec "$@"
