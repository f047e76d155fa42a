/** What may stand in front of a server, and the facts that are known of each. */
import type { Fact } from "../facts.ts";

export interface Hosting {
  /** A fact belongs to the longest id that its own begins with: `aws-alb-idle` to `aws-alb`. */
  readonly id: string;
  /** For people. */
  readonly name: string;
}

/** Nothing in between, or nothing that limits anything. */
export const NO_HOSTING = "self";

export const HOSTINGS: readonly Hosting[] = [
  { id: NO_HOSTING, name: "nothing in front of the server" },
  { id: "nginx", name: "nginx" },
  { id: "ingress-nginx", name: "ingress-nginx (Kubernetes)" },
  { id: "haproxy", name: "HAProxy" },
  { id: "apache", name: "Apache httpd" },
  { id: "caddy", name: "Caddy" },
  { id: "envoy", name: "Envoy" },
  { id: "istio", name: "Istio" },
  { id: "traefik", name: "Traefik" },
  { id: "aws-alb", name: "AWS Application Load Balancer" },
  { id: "aws-cloudfront", name: "AWS CloudFront" },
  { id: "aws-apigw", name: "Amazon API Gateway" },
  { id: "gcp-lb", name: "Google Cloud load balancer" },
  { id: "gcp-cloud-run", name: "Google Cloud Run" },
  { id: "azure-front-door", name: "Azure Front Door" },
  { id: "azure-app-gateway", name: "Azure Application Gateway" },
  { id: "azure-lb", name: "Azure Load Balancer" },
  { id: "cloudflare", name: "Cloudflare" },
  { id: "cloudflare-tunnel", name: "Cloudflare Tunnel" },
  { id: "cloudflare-quick-tunnel", name: "Cloudflare Quick Tunnel" },
  { id: "heroku", name: "Heroku" },
  { id: "vercel", name: "Vercel" },
  { id: "render", name: "Render" },
  { id: "railway", name: "Railway" },
  { id: "deno", name: "Deno Deploy" },
];

/** For people; the id itself where it is none of ours. */
export function hostingName(id: string): string {
  return HOSTINGS.find((hosting) => hosting.id === id)?.name ?? id;
}

export function factsOf(hosting: string, facts: readonly Fact[]): readonly Fact[] {
  return facts.filter((fact) => hostingOf(fact) === hosting);
}

/** The hosting that a fact is about; `undefined` for facts about browsers and bytes. */
export function hostingOf({ id }: Pick<Fact, "id">): string | undefined {
  const matching = HOSTINGS.filter((hosting) => id === hosting.id || id.startsWith(`${hosting.id}-`));
  return matching.sort((one, other) => other.id.length - one.id.length)[0]?.id;
}
