"""Pages that hold thousands of tags without text."""

from mucpt_utils.text.sources import web_page


def test_a_page_of_many_images_keeps_its_prose():
    sentence = "The second movement opens with a chorale in the low brass, and strings answer it."
    images = '<img src="a.gif" alt="x"> ' * (web_page.MOST_TEXTLESS + 1)
    page = "<html><body><article><p>{}</p>{}<p>{}</p></article></body></html>"
    text = web_page.read_page(page.format(sentence, images, sentence[::-1])).text
    assert sentence in text
    assert sentence[::-1] in text
    assert "img" not in text
