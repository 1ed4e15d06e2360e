package stored

import (
	"github.com/perennial-loyalty/perennial/internal/loyalty"
	"github.com/perennial-loyalty/perennial/internal/loyalty/calendar"
)

type noticeDoc struct {
	What    string `json:"w"`
	Subject string `json:"s"`
	At      int64  `json:"at"`

	Withdrawn bool `json:"back,omitzero"`
}

type moveDoc struct {
	At    int64 `json:"at"`
	First int32 `json:"f"`
	Last  int32 `json:"l"`
	To    int32 `json:"t"`
	Times int   `json:"n,omitzero"`
}

type extendedDoc struct {
	Lot    int32 `json:"l"`
	From   int32 `json:"f"`
	Times  int   `json:"x"`
	Points int64 `json:"n"`
}

func storedExtended(x loyalty.Extended) extendedDoc {
	return extendedDoc{int32(x.Lot), int32(x.From), x.Times, int64(x.Points)}
}

func (d extendedDoc) extended() loyalty.Extended {
	return loyalty.Extended{
		Lot: calendar.Date(d.Lot), From: calendar.Date(d.From), Times: d.Times, Points: loyalty.Points(d.Points),
	}
}

func storedNotice(n loyalty.Notice) noticeDoc {
	return noticeDoc{string(n.What), n.Subject, Millis(n.At), n.Withdrawn}
}

func (d noticeDoc) notice() loyalty.Notice {
	return loyalty.Notice{What: loyalty.NoticeOf(d.What), Subject: d.Subject, At: Instant(d.At), Withdrawn: d.Withdrawn}
}

func storedMove(m loyalty.Move) moveDoc {
	return moveDoc{Millis(m.At), int32(m.First), int32(m.Last), int32(m.To), m.Times}
}

func (d moveDoc) move() loyalty.Move {
	return loyalty.Move{
		At: Instant(d.At), First: calendar.Date(d.First), Last: calendar.Date(d.Last), To: calendar.Date(d.To),
		Times: d.Times,
	}
}
