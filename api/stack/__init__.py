"""How Atelier is started and stopped: embedded servers, the supervisor, the demo."""
