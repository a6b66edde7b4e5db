export const help = `Puts load on a service, judges how it does, and says why it is slow.

  npm run timeouts -- --url http://127.0.0.1:8000 [options]

  --url URL            the service; with a path, that alone is asked for       (http://127.0.0.1:8000)
  --admin-url URL      where /health and /metrics are, with ADMIN_PORT         (the same)
  --rate N             requests a second, of all endpoints together            (0.7 of the capacity, which it finds first)
  --duration TIME      how long: 30s, 2m                                       (30s)
  --timeout TIME       how long a client waits for an answer                   (5s)
  --max-in-flight N    most requests under way; more wait, and are counted     (1000)
  --endpoint 'GET /p'  what to ask for; may be given again                     (what the service's own /metrics names)
  --token TOKEN        sent as Authorization: Bearer
  --api-key KEY        sent as X-API-Key
  --json               the report as JSON, and nothing else, on stdout
  --html FILE          the report as one page with charts
  --allow-remote       load a host that is not this machine: only when it is yours

Exit code: 0 all targets met, 1 one was missed, 2 bad use, 130 stopped by Ctrl-C (after a partial report).
`;
