export function GET() {
  return new Response("Your application answers here.\n");
}
