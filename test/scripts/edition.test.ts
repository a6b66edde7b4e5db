import assert from "node:assert/strict";
import { editionName, isSupported, parseEdition } from "../../scripts/bootstrap/database/edition.js";

describe("database edition", () => {
  const known = [
    { text: "mysqld  Ver 9.7.4-2 for Linux on x86_64 ((Debian))", name: "MySQL 9.7.4", supported: true },
    {
      text: "/usr/sbin/mysqld  Ver 8.4.6 for Linux on x86_64 (Source distribution)",
      name: "MySQL 8.4.6",
      supported: true,
    },
    {
      text: "/usr/sbin/mysqld  Ver 8.0.44-0ubuntu0.24.04.1 for Linux on x86_64 ((Ubuntu))",
      name: "MySQL 8.0.44",
      supported: false,
    },
    {
      text: "mysqld  Ver 10.11.19-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64",
      name: "MariaDB 10.11.19",
      supported: true,
    },
    { text: "mariadbd  Ver 11.8.2-MariaDB for osx10.19 on arm64 (Homebrew)", name: "MariaDB 11.8.2", supported: true },
    {
      text: "mariadbd  Ver 10.6.22-MariaDB-0ubuntu0.22.04.1 for debian-linux-gnu",
      name: "MariaDB 10.6.22",
      supported: false,
    },
    { text: "5.5.5-10.11.6-MariaDB-log", name: "MariaDB 10.11.6", supported: true },
    { text: "9.7.4-2", name: "MySQL 9.7.4", supported: true },
  ];
  for (const { text, name, supported } of known) {
    it(`reads "${text}" as ${name}, ${supported ? "" : "not "}supported`, () => {
      const edition = parseEdition(text);
      assert(edition);
      assert.equal(editionName(edition), name);
      assert.equal(isSupported(edition), supported);
    });
  }

  it("finds none in a text without a version", () => {
    assert.equal(parseEdition("mysqld: error while loading shared libraries: libaio.so.1"), undefined);
  });
});
