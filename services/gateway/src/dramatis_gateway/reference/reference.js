// Shows /openapi.json with Swagger UI. Keys are kept by the page alone, and only until it is left.
window.ui = SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  displayRequestDuration: true,
  persistAuthorization: false,
  validatorUrl: null,
  syntaxHighlight: { activated: true, theme: "agate" },
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
});
