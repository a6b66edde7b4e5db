// Imported first by scripts that run on the system's Node: an old version would fail with a syntax error.

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 12)) {
  console.error(
    `Node ${process.versions.node} is too old: install Node 20.12 or later (the service's own Node comes with npm).`,
  );
  process.exit(1);
}
