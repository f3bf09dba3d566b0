// Refuses to go on with a Node too old for the server, in one line that says what to do.
// Import it first: nothing it imports may need a newer Node.

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Tidings needs Node 20.19 or newer, and this is ${process.version}: install it from https://nodejs.org`,
  );
  process.exit(1);
}
