// The number of requests that the service has counted.
import { value } from "./prometheus.ts";

/** Over all of the service's instances, including replaced ones. */
export function countedRequests(method: string, route: string, status: number): Promise<number> {
  const labels = `http_request_method="${method}", http_route="${route}", http_response_status_code="${status}"`;
  return value(`sum(last_over_time(http_server_request_duration_seconds_count{${labels}}[1h]))`);
}
