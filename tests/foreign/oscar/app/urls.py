"""No pages: the tests use the models alone."""

urlpatterns: list[object] = []
