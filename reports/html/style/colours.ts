/** Every colour of the page, light and dark side by side; text on its ground has at least 4.5 : 1 in both (axe checks that). */
export const COLOURS = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#f5f6f8, #13161b);
  --panel: light-dark(#ffffff, #1b1f26);
  --sunk: light-dark(#f0f2f5, #14181e);
  --text: light-dark(#1b1f24, #e7eaee);
  --muted: light-dark(#565e69, #a4adb9);
  --edge: light-dark(#d8dce2, #343b46);
  --edge-strong: light-dark(#7d8794, #6f7b8b);
  --accent: light-dark(#0b57b8, #86b8ff);
  --clean: light-dark(#0b6639, #7edca6);
  --clean-ground: light-dark(#e2f4e9, #143020);
  --leaked: light-dark(#a3161b, #ff9f96);
  --leaked-ground: light-dark(#fdeae8, #3d1715);
  --misconfigured: light-dark(#764a00, #f3c469);
  --misconfigured-ground: light-dark(#fcf0d6, #372809);
  --inconclusive: light-dark(#583aa3, #c8b4ff);
  --inconclusive-ground: light-dark(#efeafb, #2a2047);
  --not-run: light-dark(#4b535d, #b9c1cb);
  --not-run-ground: light-dark(#eceff2, #272d36);
  --sockets: light-dark(#0a5fb4, #6fb3ff);
  --descriptors: light-dark(#a34f00, #ffb066);
  --handles: light-dark(#7a3a9c, #d7a6f2);
  --band: light-dark(#e3ecf8, #232f40);
  --meant: light-dark(#fff3c9, #3a3210);
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
`
