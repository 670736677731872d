"""The web console at `/console`: one layout, one style sheet, rendered here, readable without JavaScript.

To add a page: a module with a `router` (made by `routing.console_router`), a template in `templates/` that extends
`layout.html`, an entry in `layout.NAVIGATION` and the router in `app.ROUTERS`. `TheVisit` says who is signed in and
asks services as that tenant; `TheForm` is a POST whose CSRF token has been checked. What stands in an element with
`data-live="some id"` is refreshed when an event happens.
"""
