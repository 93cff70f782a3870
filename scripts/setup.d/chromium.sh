# A browser for the tests of the page, and glyphs for its Chinese half.
chromium_is_there() { type -P chromium >/dev/null && chinese_font_is_there; }

install_chromium() { install_from_debian chromium fonts-noto-cjk; }

# Asked by file: fc-list may be absent, and a font of another kind does as well.
chinese_font_is_there() {
  compgen -G '/usr/share/fonts/opentype/noto/NotoSansCJK-*' >/dev/null || [[ -n $(fc-list ':lang=zh-cn' file 2>/dev/null) ]]
}
