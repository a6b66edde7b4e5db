// A suite of hostile requests against one running service, which must be well after each test.
import assert from "node:assert/strict";
import { exchange, outcomeOf } from "./raw-http.ts";
import { startTarget, type Target } from "./target.ts";

/** What is sent, its bytes, and the only acceptable outcome as {@link outcomeOf} writes it. */
type Case = readonly [what: string, bytes: string | Buffer, expected: string];

interface Suite {
  /** The URL of the service; call it inside tests. */
  url(): string;
  /** Adds a test that sends each case on a connection of its own. */
  each(title: string, cases: readonly Case[]): void;
}

export function hostileSuite(title: string, define: (suite: Suite) => void): void {
  describe(title, () => {
    let service: Target;
    before(async () => {
      service = await startTarget();
    });
    afterEach(() => service.assertWell());
    after(() => service.stop());

    define({
      url: () => service.url,
      each(title, cases) {
        it(title, async () => {
          const outcomes: string[] = [];
          for (const [what, bytes] of cases) outcomes.push(`${what}: ${outcomeOf(await exchange(service.url, bytes))}`);
          assert.deepEqual(
            outcomes,
            cases.map(([what, , expected]) => `${what}: ${expected}`),
          );
        });
      },
    });
  });
}
